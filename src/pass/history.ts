import type { HistoryQuery } from '../model/daemon.ts';
import { PortreeveError } from '../model/errors.ts';
import type { PortreeveEvent } from '../model/event.ts';
import type { History } from '../model/history.ts';
import type { Logger } from '../model/logger.ts';
import { codeOf } from '../state/error-code.ts';
import { openEventReader } from '../state/event-reader.ts';
import { tracePort } from '../state/port-history.ts';
import { queryHistory } from '../state/query-history.ts';
import { statePaths } from '../state/state-paths.ts';

/** Asks a running daemon for events, and where it was asked. */
export interface DaemonHistory {
  readonly place: string;
  query(query: HistoryQuery): AsyncIterable<PortreeveEvent>;
}

export interface HistoryInput {
  readonly stateDir: string;
  /** Is asked where the event log cannot be read; null for nobody. */
  readonly daemon: DaemonHistory | null;
  /** Told of parts of the log that cannot be read. */
  readonly logger: Logger;
}

/** As many events of one port as are looked at for who held it. */
const MOST_TRACED = 1_000_000;

/**
 * What happened, from the event log of the state directory, be a daemon writing it or not; or from the daemon, where the
 * log is not there or not for this user.
 * @throws PortreeveError `state-unreadable`; `daemon-unreachable` and others of the daemon
 */
export async function readHistory(query: HistoryQuery, input: HistoryInput): Promise<History> {
  const source = await openSource(input);
  const { port, protocol } = query;
  const ofPort: HistoryQuery = { port, protocol, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: MOST_TRACED };
  const events: PortreeveEvent[] = [];
  for await (const event of source.query(query)) events.push(event);
  return {
    schema: 'portreeve/history/v1',
    query,
    source: { kind: source.kind, place: source.place },
    oldest: source.oldest,
    port: port === null ? null : await tracePort(source.query(ofPort), { port, protocol }),
    events,
  };
}

interface Source extends DaemonHistory {
  readonly kind: History['source']['kind'];
  readonly oldest: string | null;
}

async function openSource({ stateDir, daemon, logger }: HistoryInput): Promise<Source> {
  const folder = statePaths(stateDir).events;
  try {
    const reader = await openEventReader({ folder, logger });
    const [oldest] = await reader.readAfter(0, 1);
    return { kind: 'event-log', place: folder, oldest: oldest?.time ?? null, query: (query) => queryHistory(reader, query) };
  } catch (cause) {
    if (daemon === null || !MAY_ASK.has(codeOf(cause))) throw unreadable(folder, cause);
    return { kind: 'daemon', oldest: null, place: daemon.place, query: (query) => askFor(daemon, query, unreadable(folder, cause)) };
  }
}

const MAY_ASK = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR']);

/** Where the daemon cannot be asked either, both reasons are told. */
async function* askFor(daemon: DaemonHistory, query: HistoryQuery, before: PortreeveError): AsyncGenerator<PortreeveEvent> {
  try {
    yield* daemon.query(query);
  } catch (cause) {
    if (!(cause instanceof PortreeveError) || cause.code !== 'daemon-unreachable') throw cause;
    throw new PortreeveError(before.code, `${before.message}, and the daemon cannot be asked: ${cause.message}`, { hint: before.hint ?? '', cause });
  }
}

function unreadable(folder: string, cause: unknown): PortreeveError {
  const code = codeOf(cause);
  if (code === 'EACCES' || code === 'EPERM') return new PortreeveError('state-unreadable', `${folder}: only root may read the event log`, { hint: 'run it with sudo, or join the group that may ask the daemon (control.group in portreeve.yaml)', cause });
  if (code === 'ENOENT' || code === 'ENOTDIR') return new PortreeveError('state-unreadable', `${folder}: there is no event log`, { hint: 'the daemon writes it: systemctl start portreeve; where it keeps its state elsewhere, name that folder with --state-dir', cause });
  return new PortreeveError('state-unreadable', `${folder}: cannot be read (${code})`, { hint: 'name another folder with --state-dir', cause });
}
