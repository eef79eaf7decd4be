import type { Clock } from '../model/clock.ts';
import type { AuditedListener } from '../model/audit.ts';
import type { EventDraft, EventKind } from '../model/event.ts';
import { draftOf } from './draft.ts';

/**
 * Keeps the history from being pushed out of its log: any user can open and close listeners by the thousand. Alerts pass;
 * of mere records only so many in so much time are kept one by one, and the rest are counted and recorded as a number.
 */
export interface RecordBudget {
  /** What is to be written of these. To be asked at each turn, also with none: a count may be due. */
  admit(drafts: readonly EventDraft[]): readonly EventDraft[];
  /** The count that is not recorded yet, before the daemon stops. */
  close(): readonly EventDraft[];
}

/** About a kilobyte each: the default log of 64 MiB lasts for five hours of a flood that does not end, and sinks have long had its alerts. */
const MOST_RECORDS = 2_000;
const WITHIN = 600_000;
/** Records about listeners; those about the agent itself are few. */
const COUNTED: ReadonlySet<EventKind> = new Set(['opened', 'changed', 'resolved', 'transient', 'listening', 'closed']);

export function createRecordBudget(clock: Clock): RecordBudget {
  let startedAt = clock.steady();
  let kept = 0;
  let passedOver = new Map<EventKind, number>();

  const settle = (): readonly EventDraft[] => {
    const counts = [...passedOver];
    passedOver = new Map();
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    if (total === 0) return [];
    const detail = Object.fromEntries(counts);
    return [draftOf('storm', 'notice', `${total} more openings and closings than the history keeps one by one: ${counts.map(([kind, count]) => `${count} ${kind}`).join(', ')}`, { count: total, within: WITHIN, ...detail }, 'record')];
  };
  return {
    admit(drafts) {
      const due = clock.steady() - startedAt >= WITHIN;
      const told = due ? [...settle()] : [];
      if (due) {
        startedAt = clock.steady();
        kept = 0;
      }
      for (const draft of drafts) {
        if (draft.audience === 'alert' || !COUNTED.has(draft.kind)) told.push(draft);
        else if (kept < MOST_RECORDS) {
          kept += 1;
          told.push(slim(draft));
        } else passedOver.set(draft.kind, (passedOver.get(draft.kind) ?? 0) + 1);
      }
      return told;
    },
    close: settle,
  };
}

/** A record without what the policy says anyway, and without command lines: half the size. */
function slim(draft: EventDraft): EventDraft {
  return draft.listener === null ? draft : { ...draft, listener: slimListener(draft.listener) };
}

function slimListener(listener: AuditedListener): AuditedListener {
  return {
    ...listener,
    owners: listener.owners.map((owner) => ({ ...owner, commandLine: null })),
    findings: listener.findings.map((finding) => ({ ...finding, advice: null, references: [], attack: [] })),
  };
}
