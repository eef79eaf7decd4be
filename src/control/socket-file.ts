import { once } from 'node:events';
import { chmod, chown, link, lstat, mkdtemp, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { PortreeveError } from '../model/errors.ts';

/** Which file a socket is, so that another of the same name is told from it. */
export interface SocketFile {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Bytes of a path in `struct sockaddr_un`, less what the temporary folder takes (unix(7)). */
const LONGEST_PATH = 107 - '.XXXXXX/s'.length;
const GROUP_AND_OWNER = 0o660;
const OWNER_ONLY = 0o600;

/**
 * Makes a server listen at a path, for its owner and one group. Nobody else can connect at any moment: the socket is made
 * and given its rights inside a folder that only its owner may enter, and then linked to its place, which fails where
 * something else stands. What a dead daemon left there is removed. `prepare` is told whether the group could be given the
 * socket, before anyone can connect.
 * @throws PortreeveError `daemon-running`, or `control-failed`
 */
export async function publishSocket(server: Server, path: string, gid: number | null, prepare: (group: boolean) => void): Promise<SocketFile> {
  await checkFolder(path);
  const folder = await mkdtemp(`${path}.`).catch((cause: unknown) => refuse(path, 'cannot be made', cause));
  const made = join(folder, 's');
  try {
    server.listen({ path: made });
    await once(server, 'listening');
    const group = gid !== null && (await giveTo(gid, made));
    await chmod(made, group ? GROUP_AND_OWNER : OWNER_ONLY);
    prepare(group);
    await linkTo(path, made, folder);
    const { dev, ino } = await lstat(made, { bigint: true });
    await unlink(made);
    return { path, dev, ino };
  } catch (cause) {
    server.close();
    await unlink(made).catch(() => undefined);
    throw cause instanceof PortreeveError ? cause : refused(path, 'cannot be made', cause);
  } finally {
    await rmdir(folder).catch(() => undefined);
  }
}

/** Whoever may write the folder could put a socket of his own in place of ours. */
async function checkFolder(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) refuse(path, `is too long: a socket's path has ${LONGEST_PATH} bytes at most`);
  const folder = dirname(path);
  const { uid, mode } = await stat(folder).catch((cause: unknown) => refuse(path, `cannot be made: there is no folder ${folder}`, cause));
  const isSticky = (mode & 0o1000) !== 0;
  if (uid !== 0 && uid !== process.geteuid?.()) refuse(path, `is not safe there: ${folder} belongs to another user`);
  if ((mode & 0o022) !== 0 && !isSticky) refuse(path, `is not safe there: ${folder} can be written by others`);
}

/** Under the hardened unit chown(2) is refused, but with `Group=` all that it makes is that group's already. */
async function giveTo(gid: number, path: string): Promise<boolean> {
  try {
    if ((await lstat(path)).gid === gid) return true;
    await chown(path, process.geteuid?.() ?? -1, gid);
    return true;
  } catch {
    return false;
  }
}

/** Another daemon may start at the same moment: whoever links first has the place. */
async function linkTo(path: string, made: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    await clearPlace(path, folder);
    try {
      await link(made, path);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  refuse(path, 'is taken again and again by something else');
}

/**
 * Removes the socket of a dead daemon. It is moved away before the last look, so that the socket which another daemon has
 * just put in its place is never what is removed.
 */
async function clearPlace(path: string, folder: string): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (there === null) return;
  if (!there.isSocket()) refuse(path, 'is a file, not a socket: it is left as it is');
  if (await isAnswered(path)) refuseSecond(path);
  const aside = join(folder, 'stale');
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await isAnswered(aside)) {
    await link(aside, path).catch(() => undefined);
    await unlink(aside);
    refuseSecond(path);
  }
  await unlink(aside);
}

/** Whether a live process listens there, even one too busy to take the connection (EAGAIN: its backlog is full). */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error)));
    });
  });
}

/** Removes that very socket from its path, and nothing that stands there instead. */
export async function unpublishSocket({ path, dev, ino }: SocketFile): Promise<void> {
  try {
    const there = await lstat(path, { bigint: true });
    if (there.dev === dev && there.ino === ino) await unlink(path);
  } catch {
    // It is gone, or the folder may not be written any more: a stale socket is removed by the next start.
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function refuseSecond(path: string): never {
  throw new PortreeveError('daemon-running', `${path}: a daemon answers here already`, { hint: 'systemctl status portreeve shows it; only one can listen at one socket' });
}

function refuse(path: string, what: string, cause?: unknown): never {
  throw refused(path, what, cause);
}

function refused(path: string, what: string, cause?: unknown): PortreeveError {
  const reason = cause === undefined ? '' : ` (${codeOf(cause)})`;
  return new PortreeveError('control-failed', `the control socket ${path} ${what}${reason}`, { hint: 'name another place with control.socket in portreeve.yaml, or null for none', cause });
}
