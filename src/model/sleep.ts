export interface Sleep {
  /** Waits so many milliseconds, or until `end`. One at a time. */
  take(ms: number): Promise<void>;
  /** Ends it. What comes while nobody sleeps ends the next one: a signal must not wait for a whole interval. */
  end(): void;
}

export function createSleep(): Sleep {
  let isEnded = false;
  let wake = (): void => undefined;
  return {
    async take(ms) {
      if (!isEnded) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
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
