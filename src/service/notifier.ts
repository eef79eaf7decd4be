import type { Clock } from '../model/clock.ts';
import { cleanText, truncate } from '../model/untrusted-text.ts';
import { openUnixDatagram, type UnixDatagram } from '../native/unix-datagram.ts';

/** What the service manager is told of the daemon (sd_notify(3)). Every call returns at once, and never throws. */
export interface Notifier {
  /** Started, or done with reloading. */
  ready(status: string): void;
  /** One line for `systemctl status`; sent where it is another than the last. */
  status(text: string): void;
  reloading(): void;
  stopping(status: string): void;
  /** A start, reload or stop under way may take so much longer from now on. Milliseconds. */
  extendTimeout(ms: number): void;
  /** A turn of the main loop has ended well. Cheap: only when half of the watchdog's time has passed is anything sent. */
  alive(): void;
  /** A loop that lets this pass without `alive()` is taken for hung; null where no watchdog watches this process. Milliseconds. */
  readonly watchdogMs: number | null;
  close(): void;
}

export interface NotifierOptions {
  /** What the service manager set is taken out of it: a program that the daemon runs must not speak for the daemon. */
  readonly environment: Record<string, string | undefined>;
  readonly pid: number;
  readonly clock: Clock;
  /** CLOCK_MONOTONIC, which the clock's `steady` may count from another start. Nanoseconds. */
  readonly monotonic: () => bigint;
  readonly openSocket: (address: string) => UnixDatagram;
}

/** As much of a status line as a terminal shows. Columns. */
const STATUS_WIDTH = 250;
/** Messages kept for a service manager that does not keep up; the newest count. */
const KEPT = 16;

/** This process's own notifier. */
export function openProcessNotifier(clock: Clock): Notifier {
  return openNotifier({ environment: process.env, pid: process.pid, clock, monotonic: () => process.hrtime.bigint(), openSocket: openUnixDatagram });
}

/** The notifier for what systemd put into the environment; one that does nothing where nothing is there. */
export function openNotifier({ environment, pid, clock, monotonic, openSocket }: NotifierOptions): Notifier {
  const address = environment['NOTIFY_SOCKET'] ?? '';
  const watchdogMs = readWatchdog(environment['WATCHDOG_USEC'], environment['WATCHDOG_PID'], pid);
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) Reflect.deleteProperty(environment, name);

  // An address of vsock (`vsock:`) is that of a virtual machine's host, which has no say in this service.
  const socket = address.startsWith('/') || address.startsWith('@') ? openSocket(address) : null;
  let unsent: string[] = [];
  let lastStatus: string | null = null;
  let lastAlive: number | null = null;

  const flush = (): void => {
    while (socket !== null && unsent[0] !== undefined) {
      // What cannot be delivered for now may be later: a READY that got lost would end in a restart.
      if (socket.send(Buffer.from(unsent[0], 'utf8')).kind !== 'sent') return;
      unsent.shift();
    }
  };
  const send = (...assignments: readonly string[]): void => {
    unsent = [...unsent, assignments.join('\n')].slice(-KEPT);
    flush();
  };
  const statusLine = (text: string): string => {
    lastStatus = text;
    return `STATUS=${truncate(cleanText(text, { again: true }), STATUS_WIDTH)}`;
  };
  return {
    watchdogMs: socket === null ? null : watchdogMs,
    ready(status) {
      send('READY=1', statusLine(status));
    },
    status(text) {
      if (text !== lastStatus) send(statusLine(text));
    },
    reloading() {
      // Without the time, systemd 253 and later cannot tell this reload from an earlier one (Type=notify-reload).
      send('RELOADING=1', `MONOTONIC_USEC=${monotonic() / 1000n}`);
    },
    stopping(status) {
      send('STOPPING=1', statusLine(status));
    },
    extendTimeout(ms) {
      send(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1000}`);
    },
    alive() {
      flush();
      if (socket === null || watchdogMs === null) return;
      const now = clock.steady();
      if (lastAlive !== null && now - lastAlive < watchdogMs / 2) return;
      // Not kept for later: a ping that arrives late would vouch for a loop that hangs by then.
      if (socket.send(Buffer.from('WATCHDOG=1')).kind === 'sent') lastAlive = now;
    },
    close() {
      socket?.close();
    },
  };
}

/** As sd_watchdog_enabled(3): a watchdog for another process is none of ours. Milliseconds. */
function readWatchdog(microseconds: string | undefined, forPid: string | undefined, pid: number): number | null {
  if (microseconds === undefined || !/^[1-9]\d{0,15}$/.test(microseconds)) return null;
  return forPid === undefined || forPid === String(pid) ? Number(microseconds) / 1000 : null;
}
