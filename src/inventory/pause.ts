import { hearSignals } from '../model/hear-signals.ts';

/** Milliseconds without a look at the event loop. */
const AT_MOST = 30;

/** Gives what to await between two steps of synchronous work: it lets the event loop run where that is due, and costs nothing else. */
export function createPause(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < AT_MOST) return undefined;
    return hearSignals().then(() => {
      since = performance.now();
    });
  };
}
