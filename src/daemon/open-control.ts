import { openControlServer, type ControlServer, type ControlServerOptions } from '../control/server.ts';
import type { Config } from '../model/config.ts';
import { PortreeveError } from '../model/errors.ts';

/**
 * The control socket, where one is wanted; null where it cannot be made, which is no reason to stop watching.
 * @throws PortreeveError `daemon-running` where another daemon answers there
 */
export async function openControl({ socket, group }: Config['control'], options: Pick<ControlServerOptions, 'answers' | 'logger' | 'clock'>): Promise<ControlServer | null> {
  if (socket === null) return null;
  try {
    return await openControlServer({ path: socket, group, ...options });
  } catch (error) {
    if (!(error instanceof PortreeveError) || error.code === 'daemon-running') throw error;
    options.logger.error('nobody can ask this daemon: the control socket could not be made', { error: error.message, hint: error.hint });
    return null;
  }
}
