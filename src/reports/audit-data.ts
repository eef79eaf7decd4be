import type { AuditedListener, AuditReport } from '../model/audit.ts';

/** The report without its listeners. */
export type AuditHead = Omit<AuditReport, 'listeners'>;

/*
 * Both functions name every key, for two reasons: keys come in one order however the report was built, and nothing
 * that a stage keeps on its objects for itself leaks into a format that others parse.
 */

/** What the audit says of itself, in the order of `portreeve/audit/v1`. */
export function auditHead(report: AuditReport): AuditHead {
  const { schema, version, host, startedAt, durationMs, registry, policy, coverage, summary } = report;
  return { schema, version, host, startedAt, durationMs, registry, policy, coverage, summary };
}

/** One listener, in the order of `portreeve/audit/v1`. */
export function listenerRecord(listener: AuditedListener): AuditedListener {
  const { id, protocol, family, address, port, ipProtocol, scope, interface: boundTo, dualStack, sockets, netns } = listener;
  const { ephemeral, registry, socketUid, socketUser, ownerKind, ownerNote, owners, ownersComplete, activation, findings, trials } = listener;
  return {
    id, protocol, family, address, port, ipProtocol, scope, interface: boundTo, dualStack, sockets, netns,
    ephemeral, registry, socketUid, socketUser, ownerKind, ownerNote, owners, ...(ownersComplete === undefined ? {} : { ownersComplete }), activation, findings,
    ...(trials === undefined ? {} : { trials }),
  };
}
