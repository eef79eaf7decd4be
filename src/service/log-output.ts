import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { loadDaemonLibc } from '../native/libc.ts';

const STDERR = 2;
const F_GETFL = 3;
const F_SETFL = 4;

/** Where the agent's log goes: what reads it, and what writes a line to it. */
export interface LogOutput {
  readonly form: 'journal' | 'json';
  /** False where the line could not be written, or not at once. */
  readonly write: (line: string) => boolean;
}

/**
 * Standard error, such that writing never waits: a journal, terminal or pipe that nobody reads must not stop the daemon.
 * @param environment JOURNAL_STREAM tells that it leads to the journal (systemd.exec(5))
 */
export function openLogOutput(environment: Readonly<Record<string, string | undefined>>): LogOutput {
  if (leadsToJournal(environment['JOURNAL_STREAM'])) {
    makeNonBlocking(STDERR);
    return { form: 'journal', write: createLineWriter(STDERR) };
  }
  return { form: 'json', write: createLineWriter(reopen(STDERR)) };
}

/** `device:inode`. A child that was given another standard error has the variable too. */
function leadsToJournal(stream: string | undefined): boolean {
  try {
    const { dev, ino } = fstatSync(STDERR, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** The service alone writes to its stream to the journal: nobody else is affected. Without FFI a write there may wait. */
function makeNonBlocking(fd: number): void {
  addFlag(fd, constants.O_NONBLOCK);
}

function addFlag(fd: number, flag: number): void {
  try {
    const libc = loadDaemonLibc();
    const flags = libc.fcntl(fd, F_GETFL, 0);
    if (flags >= 0) libc.fcntl(fd, F_SETFL, flags | flag);
  } catch {
    // The log is there all the same.
  }
}

/** An open file of our own: O_NONBLOCK on the shared one would surprise the shell that started us. A socket cannot be reopened. */
function reopen(fd: number): number {
  try {
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY);
    const [theirs, ours] = [fstatSync(fd), fstatSync(own)];
    if (theirs.dev === ours.dev && theirs.ino === ours.ino) {
      // What Node itself may say there at the end would be written over the first lines, where nobody else has appended.
      if (theirs.isFile()) addFlag(fd, constants.O_APPEND);
      return own;
    }
    closeSync(own);
  } catch {
    // Not Linux, a socket, or another user's terminal (after su).
  }
  return fd;
}

/** A line of which only a part was taken is ended before the next one, so that no two run into one. */
function createLineWriter(fd: number): (line: string) => boolean {
  let rest: Uint8Array = new Uint8Array();
  const writeRest = (): boolean => {
    try {
      if (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
      return rest.length === 0;
    } catch {
      return false;
    }
  };
  return (line) => {
    if (!writeRest()) return false;
    const bytes = Buffer.from(line, 'utf8');
    rest = bytes;
    if (writeRest() || rest.length < bytes.length) return true;
    rest = new Uint8Array();
    return false;
  };
}
