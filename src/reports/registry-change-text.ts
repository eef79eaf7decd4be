import type { ChangeCounts, ChangeKind, ChangeSide, RegistryChange } from '../model/registry-change.ts';
import type { TextOptions } from './text-options.ts';
import { count, showText } from './wording.ts';

/** Losses first: who has a listener there should hear of it. */
export const KINDS_BY_CONCERN: readonly ChangeKind[] = ['de-assigned', 'reserved', 'unassigned', 'assigned', 'renamed', 'aliases'];

const KIND_WORDS: Readonly<Record<ChangeKind, string>> = {
  'de-assigned': 'de-assigned',
  'reserved': 'reserved',
  'unassigned': 'unassigned again',
  'assigned': 'newly assigned',
  'renamed': 'renamed',
  'aliases': 'with other aliases',
};

export function kindLabel(kind: ChangeKind): string {
  return KIND_WORDS[kind];
}

/** `14 ports de-assigned, 35 newly assigned`, or null where nothing changed. */
export function countsLabel(counts: ChangeCounts): string | null {
  const parts = KINDS_BY_CONCERN.filter((kind) => counts[kind] > 0).map((kind, index) => `${index === 0 ? count(counts[kind], 'port') : counts[kind]} ${KIND_WORDS[kind]}`);
  return parts.length === 0 ? null : parts.join(', ');
}

/** `300/tcp`, `2-3/tcp,udp`. */
export function changedPortsLabel({ from, to, transports }: Pick<RegistryChange, 'from' | 'to' | 'transports'>): string {
  return `${from === to ? from : `${from}-${to}`}/${transports.join(',')}`;
}

/** Every name of an assigned port, the usual one first; else the status. */
export function sideLabel({ status, service, aliases }: ChangeSide, options: TextOptions): string {
  if (status !== 'assigned') return status;
  return service === null ? 'assigned without a name' : [service, ...aliases].map((name) => showText(name, options)).join(', ');
}

/** The newer side, with the day since when it is so, where the registry says it. */
export function afterLabel({ after, since, kind }: RegistryChange, options: TextOptions): string {
  // An assignment that was only renamed began with its registration, which may be long before the change.
  const dated = since !== null && kind !== 'renamed' && kind !== 'aliases';
  return sideLabel(after, options) + (dated ? ` ${showText(since, options)}` : '');
}
