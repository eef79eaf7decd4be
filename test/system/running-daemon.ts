import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DaemonStatus } from '../../src/model/daemon.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import type { Sandbox } from './sandbox.ts';

/** A daemon in a sandbox, with a state directory, a configuration and a JSON sink of its own. */
export interface RunningDaemon {
  readonly folder: string;
  readonly pid: number;
  /** Everything that the sink was sent, oldest first; events of several runs follow each other. */
  events(): readonly PortreeveEvent[];
  /** Waits for an event that the sink was sent after the last call of this. */
  next(what: string, isIt: (event: PortreeveEvent) => boolean, seconds?: number): Promise<PortreeveEvent>;
  /** Events that came in so many seconds, after those that `next` passed over. */
  during(seconds: number): Promise<readonly PortreeveEvent[]>;
  status(): Promise<DaemonStatus>;
  /** Sinks beside the JSON one stay as they were given at the start. */
  configure(lines: string): void;
  signal(signal: NodeJS.Signals): void;
  /** Waits until it ends by itself; its exit code. */
  ended(): Promise<number | null>;
  /** Ends it, and starts it anew with the same state. */
  restart(signal: NodeJS.Signals): Promise<void>;
  log(): string;
  close(): Promise<void>;
}

const START_SECONDS = 30;

/** Settles at once and looks often, so that a test need not wait long. */
export const HASTY = `
scan: { interval: 200ms, sweep: 1s }
alerts: { settle: { critical: 0s, error: 0s, warning: 0s, notice: 0s, info: 0s }, resolveAfter: 2s }
`;

/**
 * @param options further options of `portreeve daemon`
 * @param sinks further sinks, each as a YAML mapping on one line
 */
export async function startDaemon(sandbox: Sandbox, { config = HASTY, options = [], before = [], sinks = [] }: { config?: string; options?: readonly string[]; before?: readonly string[]; sinks?: readonly string[] } = {}): Promise<RunningDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-daemon-'));
  const file = join(folder, 'portreeve.yaml');
  const sink = join(folder, 'events.jsonl');
  const logFile = join(folder, 'log');
  const socket = join(folder, 'control.sock');
  let passed = 0;
  let child: ChildProcess | null = null;

  const configure = (lines: string): void => {
    writeFileSync(file, `version: 1\nstate: { dir: ${folder}/state }\ncontrol: { socket: ${socket} }\nsinks: [${[`{ name: out, type: json, file: ${sink}, minSeverity: info }`, ...sinks].join(', ')}]\n${lines}`, { mode: 0o600 });
  };
  const readText = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const events = (): readonly PortreeveEvent[] => readText(sink).split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
  const until = async (what: string, isSo: () => boolean | Promise<boolean>, seconds: number): Promise<void> => {
    const limit = Date.now() + seconds * 1000;
    while (!(await isSo())) {
      await pause(0.02);
      if (Date.now() > limit) throw new Error(`${what} did not come within ${seconds} s\n${readText(logFile)}\n${readText(sink)}`);
    }
  };
  const start = async (): Promise<void> => {
    const ready = readText(logFile).split('portreeve is watching').length;
    child = sandbox.spawn([...before, 'sh', '-c', 'exec "$@" 2>>"$0"', logFile, ...sandbox.command, 'daemon', '--config', file, ...options]);
    await until('the first look', () => readText(logFile).split('portreeve is watching').length > ready || child?.exitCode !== null, START_SECONDS);
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}\n${readText(logFile)}`);
  };
  /** nsenter passes no signal on: the daemon itself is told, by the pid that its log names. */
  const daemonPid = (): number => {
    const pid = [...readText(logFile).matchAll(/^\{.*"pid":(\d+)/gm)].at(-1)?.[1];
    if (pid === undefined) throw new Error(`the daemon's log names no process:\n${readText(logFile)}`);
    return Number(pid);
  };
  const signal = (name: NodeJS.Signals): void => {
    sandbox.kill(daemonPid(), name);
  };
  const stop = async (name: NodeJS.Signals): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    signal(name);
    await ended;
  };

  configure(config);
  await start();
  return {
    folder,
    get pid() {
      return daemonPid();
    },
    events,
    async next(what, isIt, seconds = 5) {
      let found: PortreeveEvent | undefined;
      await until(what, () => {
        const all = events();
        const index = all.findIndex((event, at) => at >= passed && isIt(event));
        if (index < 0) return false;
        found = all[index];
        passed = index + 1;
        return true;
      }, seconds);
      return found!;
    },
    async during(seconds) {
      await pause(seconds);
      const all = events();
      const came = all.slice(passed);
      passed = all.length;
      return came;
    },
    async status() {
      const { stdout, stderr } = await sandbox.portreeve(['status', '--socket', socket, '--format', 'json']);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as DaemonStatus;
    },
    configure,
    signal,
    async ended() {
      if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child?.exitCode ?? null;
    },
    async restart(name) {
      await stop(name);
      await start();
    },
    log: () => readText(logFile),
    async close() {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}
