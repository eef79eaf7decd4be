import { PortreeveError } from '../../model/errors.ts';

/** The library sets no limit to the commands it runs. 17,000 sockets took it half a second. */
const TIMEOUT_MS = 30_000;

/**
 * Rows of systeminformation's networkConnections(), unchecked. The library is loaded here and not before: loading it
 * costs 60 ms warm and 170 ms cold, and only systems without a better source need it.
 * @throws PortreeveError `source-unsupported` where the library cannot be loaded; `source-failed` where it fails or
 *   does not answer in time
 */
export async function readConnections(timeoutMs = TIMEOUT_MS): Promise<unknown> {
  const { networkConnections } = await import('systeminformation').catch((cause: unknown) => {
    throw new PortreeveError('source-unsupported', 'the systeminformation package cannot be loaded', {
      hint: 'install portreeve with its dependencies (npm ci), or choose another --source',
      cause,
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([networkConnections(), timeout]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PortreeveError('source-failed', `systeminformation could not list the sockets: ${reason}`, {
      hint: 'run netstat by hand to see whether it works on this host',
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}
