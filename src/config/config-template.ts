import { printDefault } from './describe-config.ts';
import { counts, isSection, type Entry, type Key, type Table } from './key-table.ts';
import { KEYS } from './keys.ts';
import { SINK_KEYS, type SinkType } from './sink-keys.ts';

const WIDTH = 110;

/** As `npm install --global` has it by default; the comment says what to do elsewhere. */
const SCHEMA_PATH = '/usr/local/lib/node_modules/portreeve/dist/config.schema.json';

const INTRODUCTION = [
  'The configuration of portreeve, as /etc/portreeve/portreeve.yaml. The manual has a page on it, docs/configuration.md. The line above lets editors complete and check the keys; set it to where the package is.',
  'Everything here is at its default. To change a key, take away the # before it and write another value; the headings above the keys are in force already, and do nothing by themselves. Durations have a unit (ms, s, m, h, d), and so have sizes (B, kB, KiB, MB, MiB, GB, GiB).',
  'To see whether it is right and what it comes to: portreeve daemon --check-config. To have it in force: systemctl reload portreeve.',
];

/** Sinks to start from: each shows the keys that count for it, and sets these. */
const EXAMPLES: readonly { readonly type: SinkType; readonly title: string; readonly set: Readonly<Record<string, string>>; readonly format?: string }[] = [
  { type: 'journal', title: SINK_KEYS.journal.description, set: { name: 'journal' } },
  { type: 'syslog', title: 'The syslog server of this host.', set: { name: 'syslog' }, format: 'rfc3164' },
  { type: 'syslog', title: 'A syslog server elsewhere, over TLS.', set: { name: 'central', transport: 'tls', host: 'logs.example.org' }, format: 'rfc5424' },
  { type: 'json', title: SINK_KEYS.json.description, set: { name: 'json', file: '/var/log/portreeve/alerts.json' } },
  { type: 'exec', title: SINK_KEYS.exec.description, set: { name: 'pager', minSeverity: 'critical', command: '[/usr/local/sbin/page-somebody, --urgent]' } },
];

/** The text of `config/portreeve.yaml`: every key with what it does, what it takes, and its default, commented out. */
export function configTemplate(): string {
  return [
    `# yaml-language-server: $schema=${SCHEMA_PATH}`,
    ...INTRODUCTION.flatMap((paragraph) => ['#', ...comment('', paragraph)]),
    '',
    'version: 1',
    ...Object.entries(KEYS).flatMap(([name, { description, keys }]) => ['', ...comment('', description), `${name}:`, ...templateOf(keys, '  ', '#', {}, new Set())]),
    '',
    ...comment('', `Where alerts go: as many as you like. Where the file names none, the journal has them if the daemon runs under systemd, and nobody else; sinks: [] is nobody at all. Each goes on where it stopped, also after a restart. To have one of these, take away the first # of each of its lines.`),
    'sinks:',
    ...sinkExamples(),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function sinkExamples(): string[] {
  const told = new Set<string>();
  return EXAMPLES.flatMap(({ type, title, set, format }, index) => [
    ...(index === 0 ? [] : ['']),
    ...comment('  ', title),
    `  #- type: ${type}`,
    ...templateOf(SINK_KEYS[type].keys, '  #  ', '', set, told, format),
  ]);
}

/**
 * Keys and comments, below an indent; `mark` stands before a key. `set`: values other than the defaults; `format`: what
 * `format: auto` comes to with them. What `told` has was explained before.
 */
function templateOf(table: Table, indent: string, mark: string, set: Readonly<Record<string, string>>, told: Set<string>, format?: string): string[] {
  const valueOf = (name: string): string => set[name] ?? usualValue(table[name]);
  return Object.entries(table).flatMap(([name, entry]) => {
    if (!counts(entry, (other) => (other === 'format' ? format : valueOf(other)))) return [];
    const explained = told.has(`${name} ${entry.description}`);
    told.add(`${name} ${entry.description}`);
    if (isSection(entry)) return [...(explained ? [] : comment(indent, entry.description)), `${indent}${name}:`, ...templateOf(entry.keys, `${indent}  `, mark, {}, told)];
    const usual = printDefault(entry);
    const other = set[name] === undefined || usual === null || set[name] === usual ? '' : ` Default: ${usual}.`;
    return [...(explained && other === '' ? [] : comment(indent, `${explained ? '' : explain(entry)}${other}`.trim())), `${indent}${mark}${name}: ${valueOf(name)}`];
  });
}

/** What it does, and what it takes. */
export function explain({ description, kind }: Pick<Key<unknown>, 'description' | 'kind'>): string {
  return `${description} Takes ${kind.expected}.`;
}

function usualValue(entry: Entry | undefined): string {
  return entry === undefined || isSection(entry) ? '' : (printDefault(entry) ?? '');
}

function comment(indent: string, text: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
