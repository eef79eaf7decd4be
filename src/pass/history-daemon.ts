import { askDaemon } from '../control/client.ts';
import type { DaemonHistory } from './history.ts';

/** The history as the daemon at a control socket tells it. */
export function askForHistory(socket: string): DaemonHistory {
  return {
    place: socket,
    async *query(query) {
      for await (const answer of askDaemon(socket, { request: 'history', query })) if (answer.answer === 'event') yield answer.event;
    },
  };
}
