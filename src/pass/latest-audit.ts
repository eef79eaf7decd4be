import type { LatestAudit } from '../model/daemon.ts';
import { PortreeveError } from '../model/errors.ts';
import { askOnce } from './ask-daemon.ts';

/**
 * The latest audit of the running daemon, and its age.
 * @throws PortreeveError `daemon-unreachable`, `control-failed`; also where the daemon has not finished its first
 */
export async function askLatestAudit(socket: string): Promise<LatestAudit> {
  const { latest } = await askOnce(socket, { request: 'audit' }, 'audit');
  if (latest === null) {
    throw new PortreeveError('daemon-unreachable', `${socket}: the daemon has not finished its first audit yet`, { hint: 'ask again in a moment, or scan this host once: portreeve audit --now' });
  }
  return latest;
}
