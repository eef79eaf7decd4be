import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { PortreeveError } from '../model/errors.ts';
import type { EventDraft } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import type { RegistryUpdate } from '../model/registry-state.ts';
import { draftOf } from './draft.ts';

export interface AutoUpdate {
  /** Milliseconds on the steady clock at which the next update is due; null where none is wanted or one is under way. */
  nextDue(): number | null;
  /** Starts an update if one is due. What it brings, or why it failed, comes from `take`. */
  start(): void;
  /** What there is to tell since the last call. A failure is told once, and again only when another follows or one succeeded between. */
  take(): readonly EventDraft[];
  reconfigure(config: Config['registry']): void;
}

/** How soon after the start the first update may come: a fleet that boots at once must not ask at once. */
const FIRST_SHARE = 0.1;
/** Each interval is up to this share shorter or longer. */
const JITTER = 0.1;
/** After a failure: twice as long after each further one, and never longer than the interval. Milliseconds. */
const FIRST_RETRY = 3_600_000;

/**
 * Keeps the registry current by itself, where the configuration wants it.
 * @param update fetches and puts in place; throws PortreeveError
 * @param lastCheckedAt when a server last said what is the newest, so that a restart asks no earlier
 */
export function createAutoUpdate(
  registry: Config['registry'],
  { update, lastCheckedAt, clock, logger, random = Math.random }: { update: (config: Config['registry']) => Promise<RegistryUpdate>; lastCheckedAt: Date | null; clock: Clock; logger: Logger; random?: () => number },
): AutoUpdate {
  let config = registry;
  let told: EventDraft[] = [];
  let lastFailure: string | null = null;
  let failures = 0;
  let isRunning = false;
  let due = plan(lastCheckedAt === null ? null : clock.now().getTime() - lastCheckedAt.getTime());

  /** @param sinceLast milliseconds since the last one; null where there was none */
  function plan(sinceLast: number | null): number {
    const interval = failures === 0 ? config.interval : Math.min(FIRST_RETRY * 2 ** (failures - 1), config.interval);
    const jittered = interval * (1 - JITTER + 2 * JITTER * random());
    const soonest = interval * FIRST_SHARE * random();
    return clock.steady() + (sinceLast === null ? soonest : Math.max(soonest, jittered - Math.max(0, sinceLast)));
  }

  async function run(): Promise<void> {
    try {
      const { outcome, before, after } = await update(config);
      if (lastFailure !== null) logger.info('the registry update works again');
      lastFailure = null;
      failures = 0;
      if (outcome === 'updated') told.push(draftOf('registry', 'notice', `the port registry was updated from ${before.updated} to ${after.updated}`, { before: before.updated, after: after.updated }));
    } catch (error) {
      failures += 1;
      if (!(error instanceof PortreeveError)) throw error;
      if (error.message === lastFailure) return;
      lastFailure = error.message;
      logger.warning('the registry could not be updated', { error: error.message, hint: error.hint });
      told.push(draftOf('registry', 'warning', `the port registry could not be updated: ${error.message}`, { code: error.code }));
    }
  }

  return {
    nextDue: () => (config.autoUpdate && !isRunning ? due : null),
    start() {
      if (!config.autoUpdate || isRunning || clock.steady() < due) return;
      isRunning = true;
      run()
        .catch((error: unknown) => {
          logger.error('the registry update ended with a fault in portreeve', { error: String(error) });
        })
        .finally(() => {
          isRunning = false;
          due = plan(0);
        });
    },
    take() {
      const drafts = told;
      told = [];
      return drafts;
    },
    reconfigure(next) {
      const wasOn = config.autoUpdate;
      config = next;
      if (!wasOn && next.autoUpdate) due = plan(null);
    },
  };
}
