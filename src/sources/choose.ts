import type { Gap, SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { SocketDump, SocketSource } from '../model/socket.ts';

/** The source that answered, its answer, and why better ones were passed over. */
export interface ChosenSource {
  readonly source: SocketSource;
  readonly dump: SocketDump;
}

/**
 * Reads this namespace's sockets from the best source that exists here. Only `source-unsupported` moves on to the next
 * one; any other error is a fault and ends the audit, for a fallback must not paper over it.
 * @param forced the one source to use; then nothing is fallen back to
 * @throws PortreeveError
 */
export async function readSockets(sources: readonly SocketSource[], forced: SourceName | null): Promise<ChosenSource> {
  const candidates = forced === null ? sources : sources.filter((source) => source.name === forced);
  const passedOver: Gap[] = [];
  let last: unknown;
  for (const source of candidates) {
    try {
      const dump = await source.dump();
      return { source, dump: passedOver.length === 0 ? dump : { ...dump, gaps: [...passedOver, ...dump.gaps] } };
    } catch (error) {
      if (!(error instanceof PortreeveError) || error.code !== 'source-unsupported') throw error;
      last = error;
      passedOver.push({ code: 'source-fallback', detail: `${source.name} is not available here: ${error.message}`, count: 1, hides: 'details' });
    }
  }
  if (last instanceof PortreeveError && forced !== null) throw last;
  throw new PortreeveError('source-failed', `no source of sockets works here: ${passedOver.map((gap) => gap.detail).join('; ')}`, { cause: last });
}
