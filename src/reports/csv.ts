import { worstFinding } from '../model/audit.ts';
import type { AuditedListener, AuditReport, Finding } from '../model/audit.ts';
import type { Owner } from '../model/listener.ts';
import { renderCell, type CellValue } from './csv-cell.ts';

interface CsvColumn {
  readonly name: string;
  /** What the column holds, for the documentation. */
  readonly about: string;
  cell(listener: AuditedListener, report: AuditReport): CellValue | readonly CellValue[];
}

/**
 * The columns, in their order; new ones are added at the end. A fact that is not known is an empty cell. A list is
 * joined by `;`, and a `;` within an item is written `\x3b`. The lists from `pids` to `containers` have one item per
 * owner, in the same order, empty where the fact is not known.
 */
export const CSV_COLUMNS: readonly CsvColumn[] = [
  { name: 'id', about: 'identity of the listener across restarts', cell: (listener) => listener.id },
  { name: 'severity', about: 'worst finding that no exception silences; empty without one', cell: (listener) => worstFinding(listener)?.severity ?? null },
  { name: 'rules', about: 'rules that matched and are not silenced', cell: (listener) => standing(listener).map((finding) => finding.rule) },
  { name: 'exceptedRules', about: 'rules that matched and are silenced', cell: (listener) => silenced(listener).map((finding) => finding.rule) },
  { name: 'exceptions', about: 'the exceptions that silence them, in the same order', cell: (listener) => silenced(listener).map((finding) => finding.excepted?.id ?? null) },
  { name: 'protocol', about: 'tcp, udp, udplite, sctp, dccp or raw', cell: (listener) => listener.protocol },
  { name: 'family', about: 'ipv4 or ipv6', cell: (listener) => listener.family },
  { name: 'address', about: 'bind address', cell: (listener) => listener.address },
  { name: 'port', about: 'empty for a raw socket', cell: (listener) => listener.port },
  { name: 'ipProtocol', about: 'IP protocol number of a raw socket', cell: (listener) => listener.ipProtocol },
  { name: 'scope', about: 'loopback, link-local, private, public, multicast or wildcard', cell: (listener) => listener.scope },
  { name: 'interface', about: 'interface that the socket is bound to', cell: (listener) => listener.interface },
  { name: 'dualStack', about: 'an IPv6 wildcard that takes IPv4 too', cell: (listener) => listener.dualStack },
  { name: 'sockets', about: 'sockets folded into this listener', cell: (listener) => listener.sockets },
  { name: 'netns', about: 'name of the network namespace, or its inode', cell: (listener) => listener.netns.name ?? listener.netns.inode },
  { name: 'ephemeral', about: "in the host's ephemeral range and not reserved there", cell: (listener) => listener.ephemeral },
  { name: 'status', about: 'assigned, unassigned, reserved, de-assigned or dynamic', cell: (listener) => listener.registry?.status ?? null },
  { name: 'range', about: 'system, user or dynamic', cell: (listener) => listener.registry?.range ?? null },
  { name: 'service', about: 'registered service name', cell: (listener) => listener.registry?.service ?? null },
  { name: 'aliases', about: 'other registered names', cell: (listener) => listener.registry?.aliases ?? [] },
  { name: 'since', about: 'date of the assignment, reservation or de-assignment', cell: (listener) => listener.registry?.since ?? null },
  { name: 'former', about: 'service name before a de-assignment', cell: (listener) => listener.registry?.former ?? null },
  { name: 'ownerKind', about: 'process, kernel or unknown', cell: (listener) => listener.ownerKind },
  { name: 'ownerNote', about: 'kernel service, or the reason for an unknown owner', cell: (listener) => listener.ownerNote?.detail ?? null },
  { name: 'ownerReason', about: 'the same as a stable code', cell: (listener) => listener.ownerNote?.code ?? null },
  { name: 'activation', about: 'systemd socket unit that holds the listener', cell: (listener) => listener.activation?.unit ?? null },
  { name: 'activates', about: 'the service that it starts', cell: (listener) => listener.activation?.service ?? null },
  { name: 'socketUid', about: 'uid that created the socket', cell: (listener) => listener.socketUid },
  { name: 'socketUser', about: 'name of that uid', cell: (listener) => listener.socketUser },
  perOwner('pids', 'processes that hold the listener', (owner) => owner.pid),
  perOwner('names', 'their names', (owner) => owner.name),
  perOwner('exes', 'their executables', (owner) => owner.exe),
  perOwner('exeDeleted', 'whether the executable is gone from that path', (owner) => owner.exeDeleted),
  perOwner('uids', 'their effective uids', (owner) => owner.uid),
  perOwner('users', 'names of these uids', (owner) => owner.user),
  perOwner('units', 'their systemd units', (owner) => owner.unit),
  perOwner('containers', 'their containers', (owner) => owner.container),
  { name: 'host', about: 'name of the host', cell: (_listener, report) => report.host.name },
  { name: 'startedAt', about: 'when the audit began, ISO 8601', cell: (_listener, report) => report.startedAt },
  { name: 'complete', about: 'false: the audit may have missed listeners or owners', cell: (_listener, report) => report.coverage.complete },
];

/**
 * RFC 4180 but for the line end, which is LF alone: the readers are awk and cut as often as spreadsheets, and these
 * take both. A header, then a row per listener, a chunk each.
 */
export function* renderCsv(report: AuditReport, options: { readonly ascii?: boolean } = {}): Generator<string> {
  yield `${CSV_COLUMNS.map((column) => column.name).join(',')}\n`;
  for (const listener of report.listeners) {
    const cells = CSV_COLUMNS.map((column) => renderCell(column.cell(listener, report), options));
    yield `${cells.join(',')}\n`;
  }
}

function perOwner(name: string, about: string, fact: (owner: Owner) => CellValue): CsvColumn {
  return { name, about, cell: (listener) => listener.owners.map(fact) };
}

function standing(listener: AuditedListener): readonly Finding[] {
  return listener.findings.filter((finding) => finding.excepted === null);
}

function silenced(listener: AuditedListener): readonly Finding[] {
  return listener.findings.filter((finding) => finding.excepted !== null);
}
