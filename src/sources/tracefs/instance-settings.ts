import { closeSync, existsSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortreeveError } from '../../model/errors.ts';
import { LISTEN_FILTER } from './state-change.ts';

/** The event's folder below a tracefs or one of its instances. Linux 4.16 and later, with CONFIG_INET. */
export const EVENT_FOLDER = 'events/sock/inet_sock_set_state';
export const EVENT_NAME = 'sock:inet_sock_set_state';

/**
 * What makes an instance ours, in the order in which it is written; the event goes last. A new instance inherits the
 * options that someone set at the top. Optional: not on every kernel.
 */
interface Setting {
  readonly file: string;
  /** Null: left as a new instance has it, and kept so. */
  readonly value: string | null;
  readonly optional?: boolean;
}

function listSettings(bufferKib: number): readonly Setting[] {
  return [
    // Comparable to process.hrtime(), and among CPUs.
    { file: 'trace_clock', value: 'mono' },
    { file: 'buffer_size_kb', value: String(bufferKib) },
    // Wake a reader at the first event, not when half the buffer is full (Linux 4.21).
    { file: 'buffer_percent', value: '0', optional: true },
    // Full: the oldest go, and the kernel says in front of the next ones that they did.
    { file: 'options/overwrite', value: '1', optional: true },
    // Else poll(2) says "readable" without end.
    { file: 'options/block', value: '0', optional: true },
    { file: 'options/pause-on-trace', value: '0', optional: true },
    { file: 'set_event_pid', value: null, optional: true },
    { file: 'set_event_notrace_pid', value: null, optional: true },
    { file: 'tracing_cpumask', value: null, optional: true },
    { file: `${EVENT_FOLDER}/filter`, value: LISTEN_FILTER },
    { file: 'tracing_on', value: '1' },
    { file: `${EVENT_FOLDER}/enable`, value: '1' },
  ];
}

export interface InstanceSettings {
  /** Puts right what someone altered, and names those files; empty where nothing was. 0.4 ms. */
  restore(): readonly string[];
}

/**
 * Configures a new instance.
 * @throws an error of the file system, or PortreeveError `source-failed` where a setting does not take
 */
export function applySettings(folder: string, bufferKib: number): InstanceSettings {
  const kept: { readonly file: string; readonly value: string; readonly expected: string }[] = [];
  for (const { file, value, optional } of listSettings(bufferKib)) {
    if (optional === true && !existsSync(join(folder, file))) continue;
    if (value !== null) writeFileSync(join(folder, file), value);
    const expected = read(folder, file);
    kept.push({ file, value: value ?? expected, expected });
  }
  return {
    restore() {
      const altered = kept.filter(({ file, expected }) => read(folder, file) !== expected);
      for (const { file, value } of altered) writeFileSync(join(folder, file), value);
      for (const { file, expected } of altered) {
        if (read(folder, file) !== expected) throw new PortreeveError('source-failed', `${join(folder, file)} was altered and cannot be put right`);
      }
      return altered.map(({ file }) => file);
    },
  };
}

/** Longer than any of ours: an altered file that is longer still differs before its end. Used for one reading after the other. */
const SCRATCH = Buffer.allocUnsafeSlow(4096);

/** `1*` is an event switched on to which someone tied a trigger. */
function read(folder: string, file: string): string {
  const fd = openSync(join(folder, file), 'r');
  try {
    // At once, without asking for its size or its end: three system calls where `readFileSync` makes five.
    return SCRATCH.toString('latin1', 0, readSync(fd, SCRATCH, 0, SCRATCH.length, 0)).trim().replace(/\*$/, '');
  } finally {
    closeSync(fd);
  }
}
