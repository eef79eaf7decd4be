/** A signal for one wait. */
export interface TimeLimit {
  /** Aborted with the one it was made from, or when the time is over. */
  readonly signal: AbortSignal;
  /** The time was over first. */
  readonly isOver: boolean;
  /** To be called when the wait has ended: nothing is left behind. */
  end(): void;
}

/** Not AbortSignal.any: Node 20 has it from 20.3 on only, and keeps what it made for as long as the long-lived signal lives. */
export function limitTime(signal: AbortSignal, milliseconds: number): TimeLimit {
  const controller = new AbortController();
  const abort = (): void => { controller.abort(); };
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    abort();
  }, milliseconds);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}
