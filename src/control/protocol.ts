import { formatJson } from '../model/ascii-json.ts';
import type { ControlAnswer, ControlRequest, HistoryQuery, LatestAudit } from '../model/daemon.ts';
import { createDataReader, type DataReader } from '../model/data-reader.ts';
import { EVENT_KINDS, type EventKind } from '../model/event.ts';
import { SEVERITIES } from '../model/severity.ts';
import { PROTOCOLS } from '../model/socket.ts';
import { readEvent } from './read-event.ts';
import { readCount, readLatestAudit, readMomentOrNull, readStatus } from './read-report.ts';

/*
 * One JSON object on a line in either direction: the requests and answers of the model. Every text is ASCII, with
 * everything else escaped (RFC 8259, section 7): whoever asks by hand, with `nc -U`, sees no control character either.
 */

/** A line that is not what it should be. The message says in what, and quotes no more than 40 characters of it. */
export class Misread extends Error {}

const MOST_EVENTS = 1_000_000;

/**
 * A request asks for nothing that is not understood: a filter passed over would give more than was asked for.
 * @throws Misread
 */
export function parseRequest(line: string): ControlRequest {
  const reader = readLine(line, 'the request is not a line of JSON, such as {"request":"status"}');
  const request = readRequest(reader);
  const stray = strayKey(reader, request) ?? (request.request === 'history' ? strayKey(reader.at('query'), request.query) : null);
  const [fault = stray] = reader.faults;
  if (fault !== null) throw new Misread(`the request is not understood: ${fault}`);
  return request;
}

function readRequest(reader: DataReader): ControlRequest {
  const request = reader.at('request').oneOf(['status', 'audit', 'history', 'watch']);
  switch (request) {
    case 'status':
    case 'audit':
      return { request };
    case 'history':
      return { request, query: readQuery(reader.at('query')) };
    case 'watch':
      return { request, kinds: readKinds(reader.at('kinds')) };
  }
}

function readQuery(reader: DataReader): HistoryQuery {
  const [protocol, minSeverity] = [reader.at('protocol'), reader.at('minSeverity')];
  return {
    port: reader.at('port').integerOrNull(0, 65_535),
    protocol: protocol.isNull() ? null : protocol.oneOf(PROTOCOLS),
    owner: reader.at('owner').textOrNull(),
    kinds: readKinds(reader.at('kinds')),
    minSeverity: minSeverity.isNull() ? null : minSeverity.oneOf(SEVERITIES),
    since: readMomentOrNull(reader.at('since')),
    until: readMomentOrNull(reader.at('until')),
    limit: reader.at('limit').integer(1, MOST_EVENTS),
  };
}

function readKinds(reader: DataReader): readonly EventKind[] | null {
  return reader.isNull() ? null : reader.items().map((kind) => kind.oneOf(EVENT_KINDS));
}

function strayKey(reader: DataReader, known: object): string | null {
  if (reader.faults.length > 0) return null;
  return reader.entries().every(([key]) => Object.hasOwn(known, key)) ? null : `there is no other key than ${Object.keys(known).join(', ')}`;
}

/** @throws Misread */
export function parseAnswer(line: string): ControlAnswer {
  const reader = readLine(line, 'it is not JSON, or not whole');
  const answer = readAnswer(reader);
  const [fault] = reader.faults;
  if (fault !== undefined) throw new Misread(fault);
  return answer;
}

function readAnswer(reader: DataReader): ControlAnswer {
  const answer = reader.at('answer').oneOf(['error', 'status', 'audit', 'watching', 'event', 'end', 'missed']);
  switch (answer) {
    case 'status':
      return { answer, status: readStatus(reader.at('status')) };
    case 'audit':
      return { answer, latest: reader.at('latest').isNull() ? null : readLatestAudit(reader.at('latest')) };
    case 'watching':
      return { answer };
    case 'event':
      return { answer, event: readEvent(reader.at('event')) };
    case 'end':
    case 'missed':
      return { answer, count: readCount(reader.at('count')) };
    case 'error':
      return { answer, message: reader.at('message').text() };
  }
}

function readLine(line: string, otherwise: string): DataReader {
  try {
    return createDataReader(JSON.parse(line));
  } catch {
    throw new Misread(otherwise);
  }
}

export function formatLine(message: ControlRequest | ControlAnswer): string {
  return `${formatJson(message)}\n`;
}

/** An audit of 10,000 listeners is 20 MB: its line comes in pieces, a listener each, as fast as the client takes them. */
export function* formatAudit(latest: LatestAudit): Generator<string> {
  const { listeners, ...head } = latest.report;
  const whole = formatJson({ answer: 'audit', latest: { ageMs: latest.ageMs, report: head } });
  yield `${whole.slice(0, -'}}}'.length)},"listeners":[`;
  let separator = '';
  for (const listener of listeners) {
    yield separator + formatJson(listener);
    separator = ',';
  }
  yield ']}}}\n';
}
