import type { SinkTestOutcome } from '../model/sink-test.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint, type Style } from './paint.ts';
import type { TextOptions } from './text-options.ts';

/** What `sink test --format` takes. */
export const SINK_TEST_FORMATS = ['text', 'json'] as const;
export type SinkTestFormat = (typeof SINK_TEST_FORMATS)[number];

const STYLES: Readonly<Record<SinkTestOutcome['result'], Style | null>> = { received: 'bold', sent: 'warning', failed: 'error' };

/** What a connection showed, in the order and the words of a person who checks it. */
const FACTS: readonly (readonly [key: string, title: string])[] = [
  ['address', 'address'],
  ['port', 'port'],
  ['protocol', 'protocol'],
  ['cipher', 'cipher'],
  ['subject', 'certificate of'],
  ['names', 'for the names'],
  ['issuer', 'issued by'],
  ['validTo', 'valid until'],
  ['fingerprint', 'SHA-256'],
];

/** What became of a test event in each sink, in pieces that end in a line break. */
export function renderSinkTest(outcomes: readonly SinkTestOutcome[], format: SinkTestFormat, options: TextOptions): Iterable<string> {
  if (format === 'json') return [`${formatJson({ schema: 'portreeve/sink-test/v1', sinks: outcomes }, 2)}\n`];
  if (outcomes.length === 0) return ['the configuration names no sink: alerts go nowhere but into the history\n'];
  return outcomes.map((outcome) => `${describe(outcome, options).join('\n')}\n`);
}

function describe({ sink, type, target, result, detail, hint, eventId, durationMs, facts }: SinkTestOutcome, options: TextOptions): readonly string[] {
  const clean = (text: string): string => cleanText(text, { ...options, again: true });
  const known = FACTS.flatMap(([key, title]) => (facts[key] === undefined ? [] : [`  ${title} ${clean(facts[key])}`]));
  return [
    `${paint(result, STYLES[result], options.colour)}  ${clean(sink)} (${clean(type)}) -> ${clean(target)}, ${durationMs} ms`,
    ...(detail === null ? [] : [`  ${clean(detail)}`]),
    ...(hint === null ? [] : [`  ${clean(hint)}`]),
    ...known,
    ...(result === 'failed' ? [] : [`  look for the event ${eventId} there`]),
  ];
}
