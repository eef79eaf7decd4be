import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { loadDaemonLibc } from '../native/libc.ts';
import { readPeerCredentials, type PeerCredentials } from '../native/peer-credentials.ts';
import { findGroupId } from './groups.ts';
import { CONTROL_LIMITS, type ControlLimits } from './limits.ts';
import { formatLine } from './protocol.ts';
import { closeSoon, serveClient, type ControlAnswers } from './serve-client.ts';
import { publishSocket, unpublishSocket } from './socket-file.ts';

export interface ControlServerOptions {
  readonly path: string;
  /** Group, by name or number, that may ask besides root; null for root alone. */
  readonly group: string | null;
  readonly answers: ControlAnswers;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<ControlLimits>;
  /** How the kernel is asked who connects; null where it cannot be, and then the file's rights alone decide. */
  readonly readCredentials?: ((socket: Socket) => PeerCredentials | null) | null;
  readonly groupFile?: string;
}

export interface ControlServer {
  /** How many are connected. */
  readonly clients: number;
  /** Accepts no one any more, lets clients take what was written for at most `closeMs`, and removes its own socket. */
  close(): Promise<void>;
}

/** A flood of refused clients makes one line in the log per so many milliseconds. */
const REFUSAL_LOG_MS = 60_000;

/**
 * Opens the daemon's control socket: mode 0660, its owner's and the group's; without a group 0600. Only root, the daemon's
 * own user and members of the group are answered, by the credentials that the kernel gives (SO_PEERCRED).
 * @throws PortreeveError `daemon-running` where a live daemon has the socket; `control-failed` where it cannot be made
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path, group, answers, logger, clock, groupFile = '/etc/group' } = options;
  const limits = { ...CONTROL_LIMITS, ...options.limits };
  const wantedGid = group === null ? null : findGroupId(group, readGroupFile(groupFile));
  const clients = new Map<Socket, PeerCredentials | null>();
  const turnedAway = new Set<Socket>();
  const tellRefusal = throttleLog(clock, (count) => {
    logger.warning('control clients were refused', { count: count.total, reason: count.reason, uid: count.uid });
  });

  const server = createServer({ allowHalfOpen: true });
  const file = await publishSocket(server, path, wantedGid, (isGroups) => {
    const gid = isGroups ? wantedGid : null;
    if (group !== null && gid === null) logger.warning('the control socket is for its owner alone: the group cannot be given it', { path, group });
    const readCredentials = options.readCredentials === undefined ? chooseCredentials(server) : options.readCredentials;
    if (readCredentials === null) logger.warning('who connects to the control socket cannot be verified: its file mode alone decides', { path });
    const onlyThese = `only root${gid === null ? '' : ` and the members of group ${group ?? ''}`} may ask`;
    server.on('connection', (socket) => {
      const peer = readCredentials?.(socket) ?? null;
      const isAllowed = readCredentials === null || (peer !== null && mayAsk(peer, gid));
      receive(socket, peer, isAllowed ? crowded(peer) : onlyThese);
    });
    // Such as EMFILE: who connects then has to try again.
    server.on('error', (error) => {
      logger.warning('a control client could not be accepted', { reason: error.message });
    });
  });

  function receive(socket: Socket, peer: PeerCredentials | null, refusal: string | null): void {
    // A reset, or a write to one who left, ends with `close`; there is nothing else to do about it.
    socket.on('error', () => undefined);
    if (refusal !== null) {
      tellRefusal(refusal, peer?.uid ?? null);
      turnAway(socket, refusal);
      return;
    }
    clients.set(socket, peer);
    socket.once('close', () => clients.delete(socket));
    void serveClient(socket, { answers, limits, logger });
  }

  /** In a flood of them there is no time for each to read why. */
  function turnAway(socket: Socket, message: string): void {
    socket.write(formatLine({ answer: 'error', message }));
    if (turnedAway.size >= limits.clients) {
      socket.destroySoon();
      return;
    }
    turnedAway.add(socket);
    socket.once('close', () => turnedAway.delete(socket));
    closeSoon(socket, limits.closeMs);
  }

  /** Why there is no room for another client, or null. */
  function crowded(peer: PeerCredentials | null): string | null {
    if (clients.size >= limits.clients) return `${limits.clients} clients are connected already`;
    if (peer === null || peer.uid === 0) return null;
    const own = [...clients.values()].filter((client) => client?.uid === peer.uid).length;
    return own >= limits.clientsPerUser ? `${limits.clientsPerUser} clients of this user are connected already` : null;
  }

  return {
    get clients() {
      return clients.size;
    },
    async close() {
      await unpublishSocket(file);
      const closed = new Promise<void>((resolve) => server.close(() => { resolve(); }));
      for (const socket of clients.keys()) socket.end();
      const drop = setTimeout(() => {
        for (const socket of [...clients.keys(), ...turnedAway]) socket.destroy();
      }, limits.closeMs);
      await closed;
      clearTimeout(drop);
      // Their own `close` comes a moment after the server's.
      clients.clear();
    },
  };
}

/** Root, the daemon's own user, or a member of the group. Where the kernel does not tell groups, the file's mode has let only members in. */
function mayAsk({ uid, gid, groups }: PeerCredentials, group: number | null): boolean {
  if (uid === 0 || uid === process.geteuid?.()) return true;
  return group !== null && (gid === group || groups === null || groups.includes(group));
}

/** Node has no call for it, but its handle knows the descriptor. Null where either that or the FFI is missing. */
function chooseCredentials(server: object): ((socket: Socket) => PeerCredentials | null) | null {
  if (descriptorOf(server) === null) return null;
  try {
    loadDaemonLibc();
  } catch {
    return null;
  }
  return (socket) => {
    const fd = descriptorOf(socket);
    return fd === null ? null : readPeerCredentials(fd);
  };
}

function descriptorOf(owner: object): number | null {
  const handle = '_handle' in owner ? (owner._handle as { readonly fd?: unknown } | null) : null;
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : null;
}

function readGroupFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

interface Refusals {
  readonly total: number;
  readonly reason: string;
  readonly uid: number | null;
}

function throttleLog(clock: Clock, write: (refusals: Refusals) => void): (reason: string, uid: number | null) => void {
  let total = 0;
  let writtenAt = -Infinity;
  return (reason, uid) => {
    total += 1;
    if (clock.steady() - writtenAt < REFUSAL_LOG_MS) return;
    writtenAt = clock.steady();
    write({ total, reason, uid });
    total = 0;
  };
}
