import type { AuditedListener, Finding } from '../model/audit.ts';
import type { SavedAudit } from '../model/audit-change.ts';
import { SOURCE_NAMES } from '../model/coverage.ts';
import { BIND_SCOPES, OWNER_KINDS, UNKNOWN_REASONS, type Owner } from '../model/listener.ts';
import { ASSIGNMENT_STATUSES, PORT_RANGES, type PortFacts } from '../model/registry.ts';
import { SEVERITIES } from '../model/severity.ts';
import { PROTOCOLS } from '../model/socket.ts';
import { createDataReader, type DataReader } from './data-reader.ts';

const SCHEMA = 'portreeve/audit/v1';
const HIGHEST_UID = 4_294_967_295;
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

export type ParsedAudit = { readonly audit: SavedAudit } | { readonly faults: readonly string[]; readonly hint: string };

/**
 * Reads the text of a saved `audit --format json`. Keys that this version does not know are left out, as later versions
 * may add some; what is known has to be of its type. Never throws for what the text says.
 */
export function parseSavedAudit(text: string): ParsedAudit {
  const hint = 'Save one with: portreeve audit --now --format json > FILE';
  let data: unknown;
  try {
    data = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    const isLines = /^\s*\{"type":"audit"/.test(text.slice(0, 100));
    if (isLines) return { faults: ['these are JSON lines, and one JSON object is needed'], hint };
    return { faults: [text.trim() === '' ? 'the file is empty' : `this is not JSON${placeOf(error, text)}`], hint };
  }
  const reader = createDataReader(data);
  const schema = reader.at('schema');
  if (schema.faults.length > 0 || schema.isNull()) return { faults: ['this is not an audit: it has no "schema"'], hint };
  const name = schema.text();
  if (schema.faults.length > 0) return { faults: schema.faults, hint };
  if (name !== SCHEMA) return { faults: [`the schema is ${JSON.stringify(name.slice(0, 60))}, and ${SCHEMA} is needed`], hint };
  const audit = readAudit(reader);
  return reader.faults.length > 0 ? { faults: reader.faults, hint } : { audit };
}

/** The position that V8 tells, as a line and column; never its message, which quotes the text. */
function placeOf(error: unknown, text: string): string {
  const offset = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  if (offset === undefined) return '';
  const before = text.slice(0, Number(offset));
  return `: it breaks off or goes wrong in line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
}

function readAudit(reader: DataReader): SavedAudit {
  const coverage = reader.at('coverage');
  const registry = reader.at('registry');
  const startedAt = reader.at('startedAt').text();
  return {
    host: { name: reader.at('host').at('name').text() },
    startedAt: ISO_8601.test(startedAt) ? startedAt : reader.at('startedAt').oneOf(['a time like 2026-11-22T04:53:57.000Z']),
    registry: { source: registry.at('source').text(), updated: registry.at('updated').text() },
    coverage: { source: coverage.at('source').oneOf(SOURCE_NAMES), complete: coverage.at('complete').flag() },
    listeners: reader.at('listeners').items().map(readListener),
  };
}

function readListener(reader: DataReader): AuditedListener {
  const netns = reader.at('netns');
  const activation = reader.at('activation');
  const note = reader.at('ownerNote');
  return {
    id: reader.at('id').text(),
    protocol: reader.at('protocol').oneOf(PROTOCOLS),
    family: reader.at('family').oneOf(['ipv4', 'ipv6']),
    address: reader.at('address').text(),
    port: reader.at('port').integerOrNull(0, 65_535),
    ipProtocol: reader.at('ipProtocol').integerOrNull(0, 255),
    scope: reader.at('scope').oneOf(BIND_SCOPES),
    interface: reader.at('interface').textOrNull(),
    dualStack: reader.at('dualStack').flag(),
    sockets: reader.at('sockets').integer(0, Number.MAX_SAFE_INTEGER),
    netns: { inode: netns.at('inode').integerOrNull(0, Number.MAX_SAFE_INTEGER), name: netns.at('name').textOrNull() },
    ephemeral: reader.at('ephemeral').flagOrNull(),
    registry: reader.at('registry').isNull() ? null : readFacts(reader.at('registry')),
    socketUid: reader.at('socketUid').integerOrNull(0, HIGHEST_UID),
    socketUser: reader.at('socketUser').textOrNull(),
    ownerKind: reader.at('ownerKind').oneOf(OWNER_KINDS),
    ownerNote: note.isNull() ? null : { code: note.at('code').oneOf([...UNKNOWN_REASONS, 'kernel']), detail: note.at('detail').text() },
    owners: reader.at('owners').items().map(readOwner),
    activation: activation.isNull() ? null : { unit: activation.at('unit').text(), service: activation.at('service').textOrNull() },
    findings: reader.at('findings').items().map(readFinding),
  };
}

function readFacts(reader: DataReader): PortFacts {
  return {
    status: reader.at('status').oneOf(ASSIGNMENT_STATUSES),
    range: reader.at('range').oneOf(PORT_RANGES),
    service: reader.at('service').textOrNull(),
    aliases: texts(reader.at('aliases')),
    since: reader.at('since').textOrNull(),
    former: reader.at('former').textOrNull(),
  };
}

function readOwner(reader: DataReader): Owner {
  const commandLine = reader.at('commandLine');
  return {
    pid: reader.at('pid').integer(0, Number.MAX_SAFE_INTEGER),
    name: reader.at('name').text(),
    exe: reader.at('exe').textOrNull(),
    exeDeleted: reader.at('exeDeleted').flagOrNull(),
    exeReplaced: reader.at('exeReplaced').flagOrNull(),
    exeForeign: reader.at('exeForeign').flagOrNull(),
    commandLine: commandLine.isNull() ? null : texts(commandLine),
    script: reader.at('script').textOrNull(),
    uid: reader.at('uid').integerOrNull(0, HIGHEST_UID),
    user: reader.at('user').textOrNull(),
    unit: reader.at('unit').textOrNull(),
    innerUnit: reader.at('innerUnit').textOrNull(),
    container: reader.at('container').textOrNull(),
    startedAt: reader.at('startedAt').textOrNull(),
  };
}

function readFinding(reader: DataReader): Finding {
  const excepted = reader.at('excepted');
  return {
    rule: reader.at('rule').text(),
    severity: reader.at('severity').oneOf(SEVERITIES),
    title: reader.at('title').text(),
    advice: reader.at('advice').textOrNull(),
    references: texts(reader.at('references')),
    attack: texts(reader.at('attack')),
    excepted: excepted.isNull()
      ? null
      : { id: excepted.at('id').text(), reason: excepted.at('reason').text(), expires: excepted.at('expires').textOrNull() },
  };
}

function texts(reader: DataReader): readonly string[] {
  return reader.items().map((item) => item.text());
}
