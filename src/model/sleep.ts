import { asError } from './errors.ts';

/** How whoever has nothing to do waits. */
export interface Sleep {
  /**
   * Waits so many milliseconds, or until the descriptor can be read, or until `end`. One at a time.
   * @param again is asked when the time is over: so much longer, or null for no longer. Who has nothing to do then, time and
   *   again, is so spared what it costs to wake all that wait for the end of it. It has to return at once; a promise that it
   *   leaves behind goes no further before the sleep ends
   * @returns whether the descriptor can be read, or no one knows
   */
  take(ms: number, again?: () => number | null, descriptor?: number | null): Promise<boolean>;
  /** Whether a descriptor that can be read ends it at once. */
  readonly isPrompt: boolean;
  /** Ends it. What comes while nobody sleeps ends the next one: a signal must not wait for a whole interval. */
  end(): void;
}

/** By Node's timers, which know of no descriptor: where there is one it may be readable when the time is over, and `again` is not asked. */
export function createSleep(): Sleep {
  let isEnded = false;
  let wake = (): void => undefined;
  return {
    isPrompt: false,
    async take(ms, again = () => null, descriptor = null) {
      if (!isEnded) {
        await new Promise<void>((resolve, reject) => {
          let armed = ms;
          const onTimeout = (): void => {
            try {
              const more = descriptor === null ? again() : null;
              if (more === null || isEnded) resolve();
              // The same time once more needs no timer of its own.
              else if (more === armed) timer.refresh();
              else timer = setTimeout(onTimeout, (armed = more));
            } catch (error) {
              reject(asError(error));
            }
          };
          let timer = setTimeout(onTimeout, armed);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isEnded = false;
      return descriptor !== null;
    },
    end() {
      isEnded = true;
      wake();
    },
  };
}
