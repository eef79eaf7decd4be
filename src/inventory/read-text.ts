import { closeSync, openSync, readSync } from 'node:fs';

/** What is read of any file: a process can make its command line gigabytes long. Bytes. */
const READ_LIMIT = 65_536;
/**
 * Used for one reading after the other, each over before the next begins. A new one each time would stay until V8 next
 * collects, which it is slow to do for memory outside of its heap: 15 MB of them on a host with 500 processes.
 */
const scratch = Buffer.allocUnsafeSlow(READ_LIMIT);

/** Text of a /proc file with bad UTF-8 replaced, or null where it cannot be read: the process left, or no privilege. */
export function readText(path: string, limit: number = READ_LIMIT): string | null {
  return readBytes(path, limit, false);
}

/**
 * The same of a file that the kernel prints as one record (`stat`, `status`, `cgroup` and `cmdline` of a process, `fdinfo`): the
 * first reading has all of it (single_open() of fs/seq_file.c, proc_pid_cmdline_read() of fs/proc/base.c), and no second one need
 * ask for more.
 */
export function readRecord(path: string, limit: number = READ_LIMIT): string | null {
  return readBytes(path, limit, true);
}

/**
 * The same of an open file, from its beginning.
 * @throws the system's errors: ESRCH once the process of that file has left
 */
export function readOpenRecord(fd: number): string {
  return scratch.toString('utf8', 0, readSync(fd, scratch, 0, READ_LIMIT, 0));
}

/** The same of one that may be longer than most, in pieces. */
export function readLongText(path: string, limit: number): string | null {
  return withFile(path, (fd) => {
    const pieces: Buffer[] = [];
    for (let length = 0, read = -1; read !== 0 && length < limit; length += read) {
      read = readSync(fd, scratch, 0, READ_LIMIT, null);
      pieces.push(Buffer.from(scratch.subarray(0, read)));
    }
    return Buffer.concat(pieces).toString('utf8');
  });
}

function readBytes(path: string, limit: number, isRecord: boolean): string | null {
  return withFile(path, (fd) => {
    const bytes = limit <= scratch.length ? scratch : Buffer.allocUnsafe(limit);
    let length = 0;
    for (;;) {
      const read = readSync(fd, bytes, length, limit - length, null);
      length += read;
      if (isRecord || read === 0 || length === limit) return bytes.toString('utf8', 0, length);
    }
  });
}

function withFile(path: string, read: (fd: number) => string): string | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    return read(fd);
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
