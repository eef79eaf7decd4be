import type { HistoryQuery } from '../model/daemon.ts';
import type { EventReader, PortreeveEvent } from '../model/event.ts';
import type { Owner } from '../model/listener.ts';
import { severityRank } from '../model/severity.ts';

/** Events held at a time. */
const BATCH = 500;

/**
 * The newest events that fit a query, at most its `limit`, oldest first. The log is read twice, once to find where they
 * begin: so memory holds one batch and a number per event asked for, whatever the size of the log.
 */
export async function* queryHistory(reader: EventReader, query: HistoryQuery): AsyncGenerator<PortreeveEvent> {
  const fits = compileQuery(query);
  const upTo = reader.newest;
  const limit = Math.max(Math.floor(query.limit), 0);
  if (limit === 0) return;
  /** Sequences of the last so many that fit, in a ring. */
  const ring: number[] = [];
  let found = 0;
  for await (const event of readAll(reader, 0, upTo)) {
    if (!fits(event)) continue;
    ring[found % limit] = event.sequence;
    found += 1;
  }
  if (found === 0) return;
  const first = ring[found > limit ? found % limit : 0] ?? 0;
  for await (const event of readAll(reader, first - 1, upTo)) if (fits(event)) yield event;
}

async function* readAll(reader: EventReader, after: number, upTo: number): AsyncGenerator<PortreeveEvent> {
  let at = after;
  while (at < upTo) {
    const events = await reader.readAfter(at, BATCH);
    const last = events.at(-1);
    if (last === undefined) return;
    for (const event of events) if (event.sequence <= upTo) yield event;
    at = last.sequence;
  }
}

function compileQuery({ port, protocol, owner, kinds, minSeverity, since, until }: HistoryQuery): (event: PortreeveEvent) => boolean {
  const from = since === null ? -Infinity : Date.parse(since);
  const to = until === null ? Infinity : Date.parse(until);
  const least = minSeverity === null ? 0 : severityRank(minSeverity);
  const part = owner?.toLowerCase() ?? null;
  return ({ kind, severity, time, listener }) => {
    if (port !== null && listener?.port !== port) return false;
    if (protocol !== null && listener?.protocol !== protocol) return false;
    if (kinds !== null && !kinds.includes(kind)) return false;
    if (severityRank(severity) < least) return false;
    const at = Date.parse(time);
    if (at < from || at > to) return false;
    return part === null || (listener !== null && namesOf(listener).some((name) => name?.toLowerCase().includes(part)));
  };
}

function namesOf({ owners, activation, socketUser }: NonNullable<PortreeveEvent['listener']>): readonly (string | null | undefined)[] {
  const ofOwner = ({ exe, name, user, unit, innerUnit, container, script }: Owner): (string | null)[] => [exe, name, user, unit, innerUnit, container, script];
  return [...owners.flatMap(ofOwner), activation?.unit, activation?.service, socketUser];
}
