/** Timers as the sinks use them; tests hand in their own. */
export interface Timers {
  /** Calls back once after so many milliseconds; the result cancels it. */
  after(delay: number, callback: () => void): () => void;
}

export const SYSTEM_TIMERS: Timers = {
  after(delay, callback) {
    const timer = setTimeout(callback, delay);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** What one loop sleeps on. A ring during the wait ends it; one before it makes the next wait end at once. */
export interface Bell {
  ring(): void;
  /** Until it rings, or for so many milliseconds; null for as long as it takes. */
  wait(delay: number | null): Promise<void>;
}

export function createBell(timers: Timers): Bell {
  let rung = false;
  let waiting: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      waiting?.();
    },
    wait(delay) {
      return new Promise((resolve) => {
        const end = (): void => {
          cancel();
          waiting = null;
          rung = false;
          resolve();
        };
        const cancel = delay === null ? () => undefined : timers.after(delay, end);
        waiting = end;
        if (rung) end();
      });
    },
  };
}
