// What the command line shows of a daemon: it knows the pass, and no stage by itself.
export { renderAuditAge } from '../reports/audit-age.ts';
export { renderEvent, renderEventJson } from '../reports/events.ts';
export { isHealthy } from '../reports/health.ts';
export { renderStatus, renderStatusJson } from '../reports/status.ts';
