import type { AuditedListener, Finding } from './audit.ts';
import type { DataReader } from './data-reader.ts';
import { BIND_SCOPES, OWNER_KINDS, UNKNOWN_REASONS, type Owner } from './listener.ts';
import { ASSIGNMENT_STATUSES, PORT_RANGES, type PortFacts } from './registry.ts';
import { SEVERITIES } from './severity.ts';
import { PROTOCOLS } from './socket.ts';

const HIGHEST_UID = 4_294_967_295;

/** A listener as `audit --format json` prints it; what is not of its type is among the reader's faults. */
export function readListener(reader: DataReader): AuditedListener {
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
    ...(reader.at('ownersComplete').isNull() || reader.at('ownersComplete').flag() ? {} : { ownersComplete: false as const }),
    activation: activation.isNull() ? null : { unit: activation.at('unit').text(), service: activation.at('service').textOrNull() },
    ...(reader.has('peers') ? { peers: reader.at('peers').flagOrNull() } : {}),
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
    ...(reader.has('exePackage') ? { exePackage: reader.at('exePackage').textOrNull() } : {}),
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
