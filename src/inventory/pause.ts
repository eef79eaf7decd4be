import { hearSignals } from '../model/hear-signals.ts';

/** Milliseconds without a look at the event loop. */
const AT_MOST = 30;

/** Milliseconds, of a clock that Node has loaded anyway: `performance` is 1 ms of a start. */
function now(): number {
  return process.uptime() * 1000;
}

/** Gives what to await between two steps of synchronous work: it lets the event loop run where that is due, and costs nothing else. */
export function createPause(): () => Promise<void> | undefined {
  let since = now();
  return () => {
    if (now() - since < AT_MOST) return undefined;
    return hearSignals().then(() => {
      since = now();
    });
  };
}
