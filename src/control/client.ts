import { readFile, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { ControlAnswer, ControlRequest } from '../model/daemon.ts';
import { PortreeveError } from '../model/errors.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { nameGroup } from './groups.ts';
import { formatLine, Misread, parseAnswer } from './protocol.ts';
import { LineTooLong, splitLines } from './split-lines.ts';

/** The longest answer that is believed: an audit, which comes on one line. As much as a saved audit may have. */
const LONGEST_ANSWER = 33_554_432;
const LONGEST_MESSAGE = 500;

export interface AskOptions {
  /** Ends the answers without an error. */
  readonly signal?: AbortSignal;
  /** How long to wait for the connection, and for each answer but those to `watch`. Milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Asks the daemon, and gives its answers as they come: one to `status` and `audit`; to `history` events and then `end`; to
 * `watch` first `watching`, then events and `missed`, until the daemon closes the connection. Whoever answers at that path is not believed: an
 * answer has to be of its type and size.
 * @throws PortreeveError `daemon-unreachable` where none answers, or not all that was asked for; `control-failed` where
 *   the daemon refuses, or answers what is not understood
 */
export async function* askDaemon(path: string, request: ControlRequest, { signal, timeoutMs = 10_000 }: AskOptions = {}): AsyncGenerator<ControlAnswer, void, undefined> {
  const socket = await open(path, timeoutMs, signal);
  if (socket === null) return;
  const stop = (): void => { socket.destroy(); };
  signal?.addEventListener('abort', stop, { once: true });
  const waitMs = request.request === 'watch' ? null : timeoutMs;
  const waiting = { isLate: false };
  try {
    socket.write(formatLine(request));
    const lines = splitLines(socket, LONGEST_ANSWER);
    for (;;) {
      // For the whole of an answer, however its bytes drip; not while whoever asked takes his time.
      const late = waitMs === null ? null : setTimeout(() => { waiting.isLate = true; stop(); }, waitMs);
      const next = await lines.next().finally(() => { clearTimeout(late ?? undefined); });
      if (next.done === true) break;
      const answer = parseAnswer(next.value);
      if (answer.answer === 'error') throw new PortreeveError('control-failed', `the daemon refused: ${cleanText(answer.message.slice(0, LONGEST_MESSAGE))}`);
      yield answer;
      if (answer.answer === request.request || answer.answer === 'end') return;
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    if (waiting.isLate) throw silent(path, timeoutMs);
    if (error instanceof LineTooLong || error instanceof Misread) throw misunderstood(path, error);
    if (error instanceof PortreeveError) throw error;
    throw new PortreeveError('daemon-unreachable', `${path}: the connection to the daemon broke (${codeOf(error)})`, { cause: error });
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
  if (signal?.aborted === true || request.request === 'watch') return;
  throw new PortreeveError('daemon-unreachable', `${path}: the daemon closed the connection before it had answered`, { hint: 'it may be stopping: systemctl status portreeve' });
}

/** Null where the signal came first. */
function open(path: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Socket | null> {
  if (signal?.aborted === true) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
      socket.off('error', fail);
      // What comes later, the reader of the lines is told.
      socket.on('error', () => undefined);
    };
    const fail = (error: Error): void => {
      settle();
      explainFailure(path, error).then(reject, reject);
    };
    const leave = (): void => {
      settle();
      socket.destroy();
      resolve(null);
    };
    const timer = setTimeout(() => {
      settle();
      socket.destroy();
      reject(silent(path, timeoutMs));
    }, timeoutMs);
    signal?.addEventListener('abort', leave, { once: true });
    socket.on('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

async function explainFailure(path: string, cause: Error): Promise<PortreeveError> {
  const unreachable = (what: string, hint: string): PortreeveError => new PortreeveError('daemon-unreachable', `${path}: ${what}`, { hint, cause });
  const code = codeOf(cause);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return unreachable('no daemon runs here', 'systemctl start portreeve starts it; portreeve audit --now scans this host once without it');
    case 'ECONNREFUSED':
      return unreachable('no daemon answers here any more', 'systemctl status portreeve tells why; portreeve audit --now scans this host once without it');
    case 'EACCES':
    case 'EPERM':
      return unreachable('you may not ask the daemon', await whoMayAsk(path));
    case 'EAGAIN':
      return unreachable('the daemon has more to answer than it can', 'try again; systemctl status portreeve shows how it is');
    default:
      return unreachable(`the daemon cannot be reached (${code})`, 'name its socket with --socket; portreeve.yaml has it as control.socket');
  }
}

async function whoMayAsk(path: string): Promise<string> {
  try {
    const [{ gid, mode }, groupFile] = await Promise.all([stat(path), readFile('/etc/group', 'utf8')]);
    if (gid !== 0 && (mode & 0o060) === 0o060) return `ask as root (sudo), or as a member of group ${cleanText(nameGroup(gid, groupFile))}`;
  } catch {
    // Not even that may be seen.
  }
  return 'ask as root (sudo); control.group in portreeve.yaml names a group that may ask too';
}

function silent(path: string, timeoutMs: number): PortreeveError {
  return new PortreeveError('daemon-unreachable', `${path}: the daemon did not answer within ${timeoutMs / 1000} s`, { hint: 'it may hang, and is restarted then: systemctl status portreeve' });
}

function misunderstood(path: string, cause: Error): PortreeveError {
  const what = cause instanceof LineTooLong ? 'it is too long' : cleanText(cause.message, { again: true });
  return new PortreeveError('control-failed', `${path}: the answer is not understood: ${what}`, { hint: 'the daemon may be of another version than this command: systemctl restart portreeve', cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
