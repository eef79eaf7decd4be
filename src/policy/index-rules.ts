import type { RegisteredListener } from '../model/audit.ts';
import type { Rule } from '../model/policy.ts';
import type { ConditionDocument } from './document.ts';
import type { FieldValue } from './value-kinds.ts';

type Span = readonly [from: number, to: number];

const ANY_PORT: readonly Span[] = [[0, 65535]];
/** Beyond this many ports a rule is one of the wide ones, which are looked through for every port. */
const MOST_PORTS = 64;
/** Protocols times ports: the whole table of one busy host. */
const MOST_ANSWERS = 65_536;

/**
 * An index of rules by port and protocol: most rules of a real policy are about one service and its port. A look-up
 * gives, in the policy's order, the rules that may be true; `matches` are theirs, in the same order.
 */
export function indexRules(rules: readonly Rule[], matches: readonly ConditionDocument[]): (listener: RegisteredListener) => readonly Rule[] {
  const byPort = new Map<number, number[]>();
  const wide: { readonly index: number; readonly spans: readonly Span[] }[] = [];
  const anyPort = new Set<number>();
  const protocols = matches.map((match) => valuesNeeded(match, 'protocol'));
  for (const [index, match] of matches.entries()) {
    const ports = valuesNeeded(match, 'port');
    const spans = ports === null ? ANY_PORT : ports.map(toSpan);
    if (ports === null) anyPort.add(index);
    if (spans.reduce((sum, [from, to]) => sum + to - from + 1, 0) > MOST_PORTS) {
      wide.push({ index, spans });
      continue;
    }
    for (const number of new Set(spans.flatMap(listPorts))) {
      const listed = byPort.get(number);
      if (listed === undefined) byPort.set(number, [index]);
      else listed.push(index);
    }
  }

  const find = (protocol: string, port: number | null): readonly Rule[] => {
    const indices = port === null ? [...anyPort] : [...(byPort.get(port) ?? []), ...wide.filter(({ spans }) => spans.some(([from, to]) => port >= from && port <= to)).map(({ index }) => index)];
    return indices
      .filter((index) => protocols[index]?.includes(protocol) ?? true)
      .sort((left, right) => left - right)
      .flatMap((index) => rules[index] ?? []);
  };

  // A port that several addresses listen on is looked up once; a daemon asks for the same ports at every scan.
  const answers = new Map<string, readonly Rule[]>();
  return ({ protocol, port }) => {
    const key = `${protocol}:${port ?? ''}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size >= MOST_ANSWERS) answers.clear();
    const found = find(protocol, port);
    answers.set(key, found);
    return found;
  };
}

/**
 * The values of a field of which a listener must have one for the match to be true; null where the match does not tell.
 * A field under `not` never does: what it rules out leaves nearly everything in.
 */
export function valuesNeeded(match: ConditionDocument, field: string): readonly FieldValue[] | null {
  switch (match.kind) {
    case 'field':
      return match.field === field ? match.values : null;
    case 'not':
      return null;
    case 'all':
      return match.conditions.map((condition) => valuesNeeded(condition, field)).find((values) => values !== null) ?? null;
    case 'any': {
      const branches = match.conditions.map((condition) => valuesNeeded(condition, field));
      return branches.every((values) => values !== null) ? branches.flat() : null;
    }
  }
}

/** Both ends of a port or a range as a policy writes it. */
export function toSpan(value: FieldValue): Span {
  const [from = 0, to = from] = String(value).split('-').map(Number);
  return [from, to];
}

function listPorts([from, to]: Span): number[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
}
