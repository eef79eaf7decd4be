import type { PlacedEntry } from '../yaml/placed-node.ts';
import type { ProblemLog } from '../yaml/problem-log.ts';
import { formatDuration } from './duration.ts';
import type { ReadTable } from './key-table.ts';
import type { KEYS } from './keys.ts';

type Values = ReadTable<typeof KEYS>;

interface Contradiction {
  /** The keys that it lies between; the first that the file has is where it is shown. */
  readonly keys: readonly string[];
  readonly holds: (values: Values) => boolean;
  readonly message: (values: Values) => string;
  readonly hint: string;
}

/** Values that are each allowed and make no sense together. */
const CONTRADICTIONS: readonly Contradiction[] = [
  {
    keys: ['scan.sweep', 'scan.interval'],
    holds: ({ scan }) => scan.sweep < scan.interval,
    message: ({ scan }) => `scan.sweep (${formatDuration(scan.sweep)}) is shorter than scan.interval (${formatDuration(scan.interval)})`,
    hint: 'A sweep is a look at more: give it at least the interval.',
  },
  {
    keys: ['policy.shipped', 'policy.rules'],
    holds: ({ policy }) => !policy.shipped && policy.rules?.length === 0,
    message: () => 'policy.shipped is false and policy.rules is empty, so that no rule is in force',
    hint: 'Name files or folders of rules, or leave one of the two out.',
  },
  {
    keys: ['registry.autoUpdate', 'registry.file'],
    holds: ({ registry }) => registry.autoUpdate && registry.file !== null,
    message: () => 'registry.autoUpdate is on, and registry.file names a file that no update changes',
    hint: 'Leave registry.file out to have the updates, or autoUpdate to have the file.',
  },
  {
    keys: ['registry.url', 'registry.allowHttp'],
    holds: ({ registry }) => registry.url !== null && /^http:/i.test(registry.url) && !registry.allowHttp,
    message: () => 'registry.url is an http: address, which anyone on the way can change',
    hint: 'Use https:, or write allowHttp: true to take that risk.',
  },
  {
    keys: ['control.group', 'control.socket'],
    holds: ({ control }) => control.group !== null && control.socket === null,
    message: () => 'control.group may ask at a socket that control.socket: none leaves out',
    hint: 'Leave one of the two out.',
  },
];

/** Logs what is wrong between the keys of the sections. Keys whose own values are faulty are left in peace. */
export function checkSections(values: Values, given: ReadonlyMap<string, PlacedEntry>, faulty: ReadonlySet<string>, log: ProblemLog): void {
  for (const { keys, holds, message, hint } of CONTRADICTIONS) {
    if (keys.some((key) => isFaulty(key, faulty)) || !holds(values)) continue;
    const [first] = keys.flatMap((key) => given.get(key) ?? []);
    log.error(first?.value.at ?? [1, 1], message(values), hint, 'contradiction');
  }
}

/** The key itself, or the section that it would stand in. */
function isFaulty(key: string, faulty: ReadonlySet<string>): boolean {
  return faulty.has(key) || faulty.has(key.slice(0, key.lastIndexOf('.')));
}
