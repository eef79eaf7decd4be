import { endianness } from 'node:os';
import { isMainThread, MessageChannel } from 'node:worker_threads';
import { asError } from '../model/errors.ts';
import type { Sleep } from '../model/sleep.ts';
import { loadLoopLibc } from './libc.ts';

const POLLIN = 1;
/** `struct pollfd`: int fd, short events, short revents. */
const POLLFD_SIZE = 8;
const EINTR = 4;
/** No call of poll(2) is longer. Milliseconds, as all here. */
const LONGEST_CALL = 60_000;
/** Until the next try where poll(2) itself fails (ENOMEM). */
const RETRY = 100;

interface Waiting {
  until: number;
  readonly again: () => number | null;
  readonly descriptor: number | null;
  readonly resolve: (readable: boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A sleep of the main thread itself, in poll(2): on the descriptor, and on all that libuv would wait for. A time that runs
 * out and is prolonged by `again` takes 0.1 ms of CPU, where a timer of Node's takes 0.2 (both from a cold cache, once a
 * second): the code between the kernel and the callback is not run. And no thread of libuv's pool is needed to hear of a
 * descriptor of which Node knows no kind, so that a disk that hangs, and holds them all, keeps nothing from being heard.
 *
 * It relies on what libuv has for those who embed its loop (uv_loop_t, "uv_backend_fd", "uv_backend_timeout"), which says
 * when it must be let go on: a descriptor of its own is ready, a timer is due, or it has not yet handed the kernel what it
 * is to watch (since 1.44, that of Node 20). There is one loop, so there may be one such sleep in a process: of two, the one that
 * is in poll(2) keeps the other from it.
 * @returns null where that cannot be had: not Linux, no FFI package, not the main thread
 */
export function createLoopSleep(): Sleep | null {
  const libc = isMainThread ? loadLoopLibc() : null;
  if (libc === null) return null;
  const loop = libc.uv_default_loop();
  const backend = libc.uv_backend_fd(loop);
  if (backend < 0) return null;
  const bytes = new Uint8Array(2 * POLLFD_SIZE);
  const view = new DataView(bytes.buffer);
  const littleEndian = endianness() === 'LE';
  view.setInt32(0, backend, littleEndian);
  view.setInt16(4, POLLIN, littleEndian);
  view.setInt16(POLLFD_SIZE + 4, POLLIN, littleEndian);
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => undefined);
  port1.unref();
  let waiting: Waiting | null = null;
  let isEntering = false;
  let isEnded = false;

  /**
   * Has `sleepHere` called at the end of the loop's next round, when all that this round found has been called back: what
   * libuv has taken from the kernel and not yet handed on would not be seen from here. Immediates come there, and timers
   * are known to libuv then; one that is referenced would have it say that it must not wait. The message makes it go round.
   */
  const enter = (): void => {
    if (isEntering) return;
    isEntering = true;
    setImmediate(sleepHere).unref();
    port2.postMessage(null);
  };

  const finish = (sleeper: Waiting, readable: boolean): void => {
    waiting = null;
    isEnded = false;
    port1.unref();
    sleeper.resolve(readable);
  };

  /** A signal that interrupts the call has something for the loop. */
  const poll = (descriptor: number | null, timeoutMs: number): 'descriptor' | 'loop' | 'nothing' | 'failure' => {
    if (descriptor !== null) view.setInt32(POLLFD_SIZE, descriptor, littleEndian);
    const count = libc.poll(bytes, descriptor === null ? 1 : 2, Math.min(LONGEST_CALL, timeoutMs));
    const isFailure = count < 0 && libc.errno() !== EINTR;
    // What is called from here sets its timers from now.
    libc.uv_update_time(loop);
    if (isFailure) return 'failure';
    if (count === 0) return 'nothing';
    return count > 0 && descriptor !== null && view.getInt16(POLLFD_SIZE + 6, littleEndian) !== 0 ? 'descriptor' : 'loop';
  };

  const sleepHere = (): void => {
    isEntering = false;
    const sleeper = waiting;
    if (sleeper === null) return;
    try {
      for (;;) {
        if (performance.now() >= sleeper.until) {
          const more = sleeper.again();
          if (waiting !== sleeper) return;
          if (more === null) {
            finish(sleeper, false);
            return;
          }
          sleeper.until = performance.now() + more;
        }
        // What was called since the loop's clock was set took its time, `again` too: the next timer is so much nearer.
        libc.uv_update_time(loop);
        const due = libc.uv_backend_timeout(loop);
        const left = Math.max(0, sleeper.until - performance.now());
        const found = due === 0 ? 'loop' : poll(sleeper.descriptor, Math.ceil(due < 0 ? left : Math.min(left, due)));
        if (found === 'nothing') continue;
        if (found === 'descriptor') finish(sleeper, true);
        else if (found === 'loop') enter();
        else setTimeout(enter, RETRY);
        return;
      }
    } catch (error) {
      waiting = null;
      port1.unref();
      sleeper.reject(asError(error));
    }
  };

  return {
    isPrompt: true,
    async take(ms, again = () => null, descriptor = null) {
      if (isEnded) {
        isEnded = false;
        return false;
      }
      return await new Promise<boolean>((resolve, reject) => {
        waiting = { until: performance.now() + ms, again, descriptor, resolve, reject };
        port1.ref();
        enter();
      });
    },
    end() {
      isEnded = true;
      if (waiting !== null) finish(waiting, false);
    },
  };
}
