export interface Queue {
  /** Runs what it is given one after the other, whatever becomes of each. */
  run<T>(work: () => Promise<T>): Promise<T>;
  readonly isBusy: boolean;
}

export function createQueue(): Queue {
  let tail: Promise<unknown> = Promise.resolve();
  let queued = 0;
  return {
    run(work) {
      queued += 1;
      const run = tail.then(work).finally(() => { queued -= 1; });
      tail = run.catch(() => undefined);
      return run;
    },
    get isBusy() {
      return queued > 0;
    },
  };
}
