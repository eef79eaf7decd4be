import type { JsonSinkConfig, SinkConfig, SyslogSinkConfig } from '../model/config.ts';
import { describeNode, quote, type PlacedEntry, type PlacedNode } from '../yaml/placed-node.ts';
import type { ProblemLog } from '../yaml/problem-log.ts';
import { readList, readScalar } from '../yaml/read-mapping.ts';
import { choice } from '../yaml/scalar-kinds.ts';
import { readTable, type Reading, type ReadTable, type Table } from './key-table.ts';
import { absolutePath } from './plain-kinds.ts';
import { MOST_SINKS, SINK_KEYS, SINK_TYPES, type SinkType } from './sink-keys.ts';

const typeKind = choice(SINK_TYPES);
/** What a datagram over IPv4 can carry: 65,535 octets less the headers of IP and UDP. */
const LONGEST_DATAGRAM = 65_507;

export interface ParsedSinks {
  readonly sinks: readonly SinkConfig[];
  /** Paths of the keys that the file has, below the names of the sinks. */
  readonly given: readonly string[];
}

/** A sink as the file has it. Faulty keys have their defaults in it; a required one is missing. */
interface FoundSink {
  readonly sink: SinkConfig;
  readonly table: Table;
  readonly reading: Pick<Reading<Table>, 'given' | 'faulty'>;
}

/** The sinks of a configuration. They count only where nothing was logged. */
export function parseSinks(node: PlacedNode, log: ProblemLog): ParsedSinks {
  const items = readList(node, 'sinks', log) ?? [];
  if (items.length > MOST_SINKS) log.error(items[MOST_SINKS]?.at ?? node.at, `there are more than ${MOST_SINKS} sinks`, 'Let one syslog server pass the events on to the others.');
  const namedAt = new Map<string, number>();
  const writtenAt = new Map<string, number>();
  const found = items.slice(0, MOST_SINKS).flatMap((item) => {
    const one = readSink(item, log);
    if (one === null) return [];
    checkName(one, namedAt, log);
    checkConditions(one, log);
    if (one.sink.type === 'syslog') checkSyslog(one.sink, item, one.reading, log);
    if (one.sink.type === 'json') checkFile(one.sink, one.reading, writtenAt, log);
    if (one.sink.type === 'exec') checkProgram(one.reading, log);
    return [one];
  });
  return { sinks: found.map(({ sink }) => sink), given: found.flatMap(({ sink, reading }) => [...reading.given.keys()].map((key) => `sinks.${sink.name}.${key}`)) };
}

function readSink(node: PlacedNode, log: ProblemLog): FoundSink | null {
  const type = readType(node, log);
  if (type === null) return null;
  const read = <Keys extends Table>(table: Keys): Reading<Keys> => readTable(table, node, `${type === 'exec' ? 'an' : 'a'} ${type} sink`, log, ['type']);
  const of = (sink: SinkConfig, reading: FoundSink['reading']): FoundSink => ({ sink, table: SINK_KEYS[type].keys, reading });
  switch (type) {
    case 'journal': {
      const reading = read(SINK_KEYS.journal.keys);
      return of({ type, ...reading.values }, reading);
    }
    case 'syslog': {
      const reading = read(SINK_KEYS.syslog.keys);
      return of({ type, ...resolveSyslog(reading.values) }, reading);
    }
    case 'json': {
      const reading = read(SINK_KEYS.json.keys);
      return of({ type, ...reading.values }, reading);
    }
    case 'exec': {
      const reading = read(SINK_KEYS.exec.keys);
      return of({ type, ...reading.values }, reading);
    }
  }
}

function readType(node: PlacedNode, log: ProblemLog): SinkType | null {
  if (node.kind !== 'mapping') {
    log.error(node.at, `expected a sink (a mapping), found ${describeNode(node)}`, 'For example: { type: journal, name: journal }');
    return null;
  }
  const type = node.entries.find(({ key }) => key === 'type')?.value;
  if (type !== undefined) return readScalar(type, 'type', typeKind, log);
  log.error(node.at, 'a sink needs the key "type"', `It is ${typeKind.expected}.`, 'missing-key');
  return null;
}

/** What `auto` comes to. */
function resolveSyslog(values: ReadTable<typeof SINK_KEYS.syslog.keys>): Omit<SyslogSinkConfig, 'type'> {
  const { transport, port, format } = values;
  return { ...values, port: port ?? (transport === 'tls' ? 6514 : 514), format: format ?? (transport === 'local' ? 'rfc3164' : 'rfc5424') };
}

function checkName({ sink: { name }, reading }: FoundSink, namedAt: Map<string, number>, log: ProblemLog): void {
  const entry = reading.given.get('name');
  if (entry === undefined || reading.faulty.has('name')) return;
  const line = namedAt.get(name);
  if (line === undefined) namedAt.set(name, entry.value.at[0]);
  else log.error(entry.value.at, `a second sink with the name ${quote(name)}`, `It is there already in line ${line}; each keeps its place under its name.`, 'duplicate-name');
}

/** Keys that say something only beside certain values of others. */
function checkConditions({ sink, table, reading }: FoundSink, log: ProblemLog): void {
  for (const [name, { only }] of Object.entries(table)) {
    const entry = reading.given.get(name);
    const actual = only === null ? undefined : new Map<string, unknown>(Object.entries(sink)).get(only.key);
    if (only === null || entry === undefined || reading.faulty.has(only.key) || only.values.includes(String(actual))) continue;
    const found = `${only.key} ${String(actual)}${reading.given.has(only.key) ? '' : ', the default'}`;
    log.error(entry.keyAt, `${name} is for ${only.key} ${only.values.join(', ')}; this sink has ${found}`, `Leave it out, or write ${only.key}: ${only.values.at(-1) ?? ''}.`, 'contradiction');
  }
}

function checkSyslog(sink: SyslogSinkConfig, node: PlacedNode, { given, faulty }: FoundSink['reading'], log: ProblemLog): void {
  if (faulty.has('transport')) return;
  if (sink.transport !== 'local' && sink.host === null && !faulty.has('host')) {
    log.error(given.get('host')?.value.at ?? node.at, `a syslog sink with transport ${sink.transport} needs the key "host"`, 'Name the server: host: logs.example.org', 'missing-key');
  }
  const { certFile, keyFile } = sink.tls;
  const lonely = certFile !== null && keyFile === null ? 'certFile' : certFile === null && keyFile !== null ? 'keyFile' : null;
  if (lonely !== null && !faulty.has('tls.certFile') && !faulty.has('tls.keyFile')) {
    const other = lonely === 'certFile' ? 'keyFile' : 'certFile';
    log.error(placeOf(`tls.${lonely}`, given) ?? node.at, `tls.${lonely} is there without tls.${other}`, 'A certificate and the key to it go together.', 'contradiction');
  }
  if (sink.transport === 'udp' && sink.maxLength !== null && sink.maxLength > LONGEST_DATAGRAM) {
    log.error(placeOf('maxLength', given) ?? node.at, `maxLength is ${sink.maxLength}, and a datagram carries at most ${LONGEST_DATAGRAM} octets`, 'Write less, or auto.', 'contradiction');
  }
}

/** After a failed write a sink cuts its file back to where it was, and so would cut off the lines of another. */
function checkFile({ file }: JsonSinkConfig, { given }: FoundSink['reading'], writtenAt: Map<string, number>, log: ProblemLog): void {
  const at = placeOf('file', given);
  if (file === null || at === undefined) return;
  const line = writtenAt.get(file);
  if (line === undefined) writtenAt.set(file, at[0]);
  else log.error(at, `a second sink that writes ${quote(file)}`, `The one in line ${line} does already; give each a file of its own.`, 'contradiction');
}

/** The search path is not used: who may write to one of its folders would choose what runs. */
function checkProgram({ given, faulty }: FoundSink['reading'], log: ProblemLog): void {
  const command = given.get('command')?.value;
  const program = command?.kind === 'sequence' ? command.items[0] : undefined;
  if (program !== undefined && !faulty.has('command')) readScalar(program, 'command', absolutePath, log);
}

function placeOf(key: string, given: ReadonlyMap<string, PlacedEntry>): PlacedNode['at'] | undefined {
  return given.get(key)?.value.at;
}
