export interface Sleep {
  /**
   * Waits so many milliseconds, or until `end`. One at a time.
   * @param again is asked when the time is over: so much longer, or null for no longer. Who has nothing to do then, time and
   *   again, is so spared what it costs to wake all that wait for the end of it
   */
  take(ms: number, again?: () => number | null): Promise<void>;
  /** Ends it. What comes while nobody sleeps ends the next one: a signal must not wait for a whole interval. */
  end(): void;
}

export function createSleep(): Sleep {
  let isEnded = false;
  let wake = (): void => undefined;
  return {
    async take(ms, again = () => null) {
      if (!isEnded) {
        await new Promise<void>((resolve, reject) => {
          let armed = ms;
          const onTimeout = (): void => {
            try {
              const more = again();
              if (more === null || isEnded) resolve();
              // The same time once more needs no timer of its own.
              else if (more === armed) timer.refresh();
              else timer = setTimeout(onTimeout, (armed = more));
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
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
    },
    end() {
      isEnded = true;
      wake();
    },
  };
}
