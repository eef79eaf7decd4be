import { PortreeveError } from '../model/errors.ts';
import type { NameKind } from '../model/explanation.ts';
import { TRANSPORTS, type PortRegistry, type Transport } from '../model/registry.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { nearestWord } from '../model/spelling.ts';
import { findService, listServiceNames, type ServiceMatch } from '../registry/find-service.ts';

/** One port; `name` where it was asked for by a name that no other port has. */
export interface PortQuestion {
  readonly kind: 'port';
  readonly port: number;
  readonly transports: readonly Transport[];
  readonly name: { readonly asked: string; readonly as: NameKind } | null;
}

export interface RangeQuestion {
  readonly kind: 'range';
  readonly from: number;
  readonly to: number;
  readonly transports: readonly Transport[];
}

/** A name that several ports carry. */
export interface ServiceQuestion {
  readonly kind: 'service';
  readonly name: string;
  readonly matches: readonly ServiceMatch[];
}

export type Question = PortQuestion | RangeQuestion | ServiceQuestion;

const HIGHEST_PORT = 65_535;
const FORMS = 'write a port (1302), a range (8000-8100) or a service name (postgresql); behind it /tcp, /udp, /sctp or /dccp for one protocol';
/** The longest name in any official file has 31 characters; more is no slip of the pen. */
const LONGEST_ASKED = 100;
/** Fewer letters are the start of a hundred names. */
const SHORTEST_START = 3;
const MOST_NAMES = 3;

/**
 * Reads `PORT`, `FROM-TO` or a service name, each with or without `/PROTO`. Without a protocol every transport is meant.
 * @throws PortreeveError `usage`, with what was probably meant
 */
export function readQuestion(text: string, registry: PortRegistry): Question {
  const asked = text.trim();
  const { subject, transports } = splitTransport(asked);
  const ports = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(subject);
  if (ports !== null) {
    const from = parsePort(ports[1] ?? '');
    if (ports[2] === undefined) return { kind: 'port', port: from, transports, name: null };
    const to = parsePort(ports[2]);
    if (from > to) throw new PortreeveError('usage', `the range ${from}-${to} is the wrong way round`, { hint: `did you mean ${to}-${from}?` });
    return from === to ? { kind: 'port', port: from, transports, name: null } : { kind: 'range', from, to, transports };
  }
  // One name of an old official file has a slash in it (cl/1), so the whole text is tried too.
  const named = [...findService(registry, subject), ...(subject === asked ? [] : findService(registry, asked))];
  if (named.length === 0) throw unknownName(asked, subject, registry);
  const matches = named.filter(({ transport }) => transports.includes(transport));
  if (matches.length === 0) throw onOtherTransports(subject, transports, named);
  return nameQuestion(subject, matches);
}

function onOtherTransports(name: string, asked: readonly Transport[], matches: readonly ServiceMatch[]): PortreeveError {
  const there = [...new Set(matches.map(({ port, transport }) => `${port}/${transport}`))];
  return new PortreeveError('usage', `${quote(name)} is not registered for ${asked.join(', ')}`, { hint: `it is for ${there.slice(0, 6).join(', ')}${there.length > 6 ? ' ...' : ''}` });
}

function nameQuestion(name: string, matches: readonly ServiceMatch[]): Question {
  const [first, ...others] = matches;
  if (first === undefined || others.some(({ port }) => port !== first.port)) return { kind: 'service', name, matches };
  const as = (['service', 'alias', 'former'] as const).find((kind) => matches.some((match) => match.as === kind)) ?? first.as;
  return { kind: 'port', port: first.port, transports: matches.map(({ transport }) => transport), name: { asked: name, as } };
}

function splitTransport(text: string): { readonly subject: string; readonly transports: readonly Transport[] } {
  const slash = text.lastIndexOf('/');
  const word = text.slice(slash + 1).toLowerCase();
  if (slash === -1) return { subject: text, transports: TRANSPORTS };
  const transport = TRANSPORTS.find((known) => known === word);
  if (transport !== undefined) return { subject: text.slice(0, slash), transports: [transport] };
  if (!/^[\d-]*$/.test(text.slice(0, slash))) return { subject: text, transports: TRANSPORTS };
  const meant = nearestWord(word, TRANSPORTS);
  throw new PortreeveError('usage', `${quote(word)} is not a protocol with ports`, { hint: meant === null ? `one of ${TRANSPORTS.join(', ')}` : `did you mean ${text.slice(0, slash)}/${meant}?` });
}

function parsePort(digits: string): number {
  const port = Number(digits);
  if (port > HIGHEST_PORT) throw new PortreeveError('usage', `there is no port ${digits}`, { hint: `ports go from 0 to ${HIGHEST_PORT}` });
  return port;
}

function unknownName(asked: string, subject: string, registry: PortRegistry): PortreeveError {
  const written = /^(?:(tcp|udp|sctp|dccp)[/: ]|:)(\d{1,5})$/i.exec(asked);
  if (written !== null) {
    const transport = written[1] === undefined ? '' : `/${written[1].toLowerCase()}`;
    return new PortreeveError('usage', `${quote(asked)} is not a port`, { hint: `did you mean ${written[2] ?? ''}${transport}?` });
  }
  if (asked === '' || !/[a-z]/i.test(subject) || subject.length > LONGEST_ASKED) return new PortreeveError('usage', `${quote(asked)} is not a port, a range or a service name`, { hint: FORMS });
  const meant = namesMeant(subject, listServiceNames(registry)).map((name) => withPorts(name, registry));
  return new PortreeveError('usage', `the registry of ${registry.updated} has no service called ${quote(subject)}, and had none in the older files that it knows`, {
    hint: meant.length === 0 ? FORMS : `did you mean ${[meant.slice(0, -1).join(', '), ...meant.slice(-1)].filter((part) => part !== '').join(' or ')}?`,
  });
}

/** Names that start with what was asked for, the shortest first (postgre: postgresql); else the one that is nearest in spelling. */
function namesMeant(asked: string, names: ReadonlySet<string>): readonly string[] {
  const start = asked.toLowerCase();
  const longer = start.length < SHORTEST_START ? [] : [...names].filter((name) => name.toLowerCase().startsWith(start));
  if (longer.length > 0) return longer.sort((a, b) => a.length - b.length).slice(0, MOST_NAMES);
  const nearest = nearestWord(asked, names);
  return nearest === null ? [] : [nearest];
}

function withPorts(name: string, registry: PortRegistry): string {
  const ports = [...new Set(findService(registry, name).map(({ port }) => port))];
  return `${name} (${ports.slice(0, 3).join(', ')}${ports.length > 3 ? ' ...' : ''})`;
}

function quote(text: string): string {
  return `"${cleanText(text.length > LONGEST_ASKED ? `${text.slice(0, LONGEST_ASKED)}...` : text)}"`;
}
