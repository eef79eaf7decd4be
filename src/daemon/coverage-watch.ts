import type { Coverage, GapCode } from '../model/coverage.ts';
import type { EventDraft } from '../model/event.ts';
import { draftOf } from './draft.ts';

/** Tells when what the daemon cannot see has changed, and nothing while it stays the same. */
export interface CoverageWatch {
  /** To be called after each sweep. */
  note(coverage: Coverage): readonly EventDraft[];
  save(): readonly string[];
}

/** A gap counts when so many sweeps in a row had it: a table that changed while it was read is whole the next time. */
const SWEEPS = 2;

/** @param saved the codes that were told, as `save` gave them */
export function createCoverageWatch(saved: unknown): CoverageWatch {
  let told = new Set<string>(Array.isArray(saved) ? saved.filter((code): code is string => typeof code === 'string').slice(0, 100) : []);
  let last = new Set<string>();
  let lasting = 0;
  return {
    note({ gaps, complete }) {
      const codes = new Set<GapCode>(gaps.filter(({ hides }) => hides !== 'details').map(({ code }) => code));
      lasting = isSame(codes, last) ? lasting + 1 : 1;
      last = codes;
      if (lasting < SWEEPS || isSame(codes, told)) return [];
      const isBetter = [...codes].every((code) => told.has(code));
      told = codes;
      if (complete) return [draftOf('coverage', 'notice', 'portreeve sees every listener and owner again', { complete: true, gaps: '' })];
      const worst = gaps.find(({ code }) => codes.has(code));
      return [draftOf('coverage', isBetter ? 'notice' : 'warning', `portreeve cannot see everything: ${worst?.detail ?? ''}${codes.size > 1 ? `; and ${codes.size - 1} more (portreeve status)` : ''}`, { complete: false, gaps: [...codes].join(' ') })];
    },
    save: () => [...told],
  };
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((code) => other.has(code));
}
