import { askDaemon } from '../control/client.ts';
import type { ControlAnswer, ControlRequest, DaemonStatus } from '../model/daemon.ts';
import { PortreeveError } from '../model/errors.ts';

/**
 * How the daemon is.
 * @throws PortreeveError `daemon-unreachable`, `control-failed`
 */
export async function askStatus(socket: string): Promise<DaemonStatus> {
  return (await askOnce(socket, { request: 'status' }, 'status')).status;
}

/** The one answer to a request that has one. */
export async function askOnce<Name extends ControlAnswer['answer']>(socket: string, request: ControlRequest, name: Name): Promise<Extract<ControlAnswer, { answer: Name }>> {
  for await (const answer of askDaemon(socket, request)) {
    if (answer.answer === name) return answer as Extract<ControlAnswer, { answer: Name }>;
    break;
  }
  throw new PortreeveError('control-failed', `${socket}: the daemon answered something else than it was asked`, { hint: 'the daemon may be of another version than this command: systemctl restart portreeve' });
}
