/** How an exception of the policy stands today. */
export interface ExceptionStanding {
  readonly id: string;
  /** Its last day, YYYY-MM-DD; null where it has none. */
  readonly expires: string | null;
  /** Whole days from today to its last: 0 today, negative where it has expired. */
  readonly daysLeft: number | null;
  /** For how many days no listener has used it, where that is too long; null where it is not, or nobody asks. */
  readonly unusedDays: number | null;
  /** Who answers for it, as the policy says. */
  readonly owner: string | null;
  readonly file: string;
  readonly line: number | null;
}

export const NOTICE_STAGES = ['expiring', 'expired', 'unused'] as const;
export type NoticeStage = (typeof NOTICE_STAGES)[number];

export interface ExceptionNotice {
  readonly stage: NoticeStage;
  readonly standing: ExceptionStanding;
}

export interface ToldNotice {
  readonly id: string;
  readonly stage: NoticeStage;
  /** The last day for which it was told. */
  readonly expires: string | null;
}

/** Announces each stage of an exception's end once; another last day begins anew. */
export interface ExceptionNotices {
  /** @param standings all exceptions of the policy; what is told of others is forgotten */
  review(standings: readonly ExceptionStanding[], noticeDays: number): readonly ExceptionNotice[];
  noteTold(told: ToldNotice): void;
  save(): readonly ToldNotice[];
}

const MOST_NOTICES = 10_000;

export function createExceptionNotices(): ExceptionNotices {
  let told = new Map<string, ToldNotice>();
  const keyOf = (id: string, stage: NoticeStage): string => `${stage} ${id}`;

  function isTold({ id, expires }: ExceptionStanding, stage: NoticeStage): boolean {
    const notice = told.get(keyOf(id, stage));
    return notice !== undefined && (stage === 'unused' || notice.expires === expires);
  }

  function noteTold(notice: ToldNotice): void {
    if (told.size < MOST_NOTICES) told.set(keyOf(notice.id, notice.stage), notice);
  }

  return {
    review(standings, noticeDays) {
      const kept = new Map<string, ToldNotice>();
      const notices: ExceptionNotice[] = [];
      for (const standing of standings) {
        for (const stage of NOTICE_STAGES) {
          const notice = told.get(keyOf(standing.id, stage));
          if (notice !== undefined && isTold(standing, stage) && (stage !== 'unused' || standing.unusedDays !== null)) kept.set(keyOf(standing.id, stage), notice);
        }
        const stage = stageOf(standing, noticeDays);
        if (stage === 'expiring' && isTold(standing, 'expired')) continue; // The clock was set back.
        if (stage !== null && !isTold(standing, stage)) notices.push({ stage, standing });
      }
      told = kept;
      for (const { stage, standing } of notices) noteTold({ id: standing.id, stage, expires: standing.expires });
      return notices;
    },
    noteTold,
    save: () => [...told.values()],
  };
}

function stageOf({ daysLeft, unusedDays }: ExceptionStanding, noticeDays: number): NoticeStage | null {
  if (daysLeft !== null && daysLeft < 0) return 'expired';
  if (daysLeft !== null && daysLeft <= noticeDays) return 'expiring';
  return unusedDays === null ? null : 'unused';
}
