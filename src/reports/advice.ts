import type { AuditedListener, AuditReport, Finding } from '../model/audit.ts';
import type { Listener } from '../model/listener.ts';
import type { Protocol } from '../model/socket.ts';
import { severityRank } from '../model/severity.ts';
import { paint } from './paint.ts';
import { findRuns, formatRuns } from './port-ranges.ts';
import type { TextOptions } from './text-options.ts';
import { portLabel, showParagraph, showText, standingFindings } from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const MOST_RUNS = 8;

interface MatchedRule {
  readonly finding: Finding;
  readonly listeners: AuditedListener[];
}

/** What to do next: each rule that matched once, worst first, with its listeners and its advice. */
export function renderAdvice(report: AuditReport, options: TextOptions): string[] {
  const rules = matchedRules(report.listeners);
  if (rules.length === 0) return [];
  return [paint('What to do next', 'bold', options.colour), ...rules.flatMap((rule, index) => (index === 0 ? [] : ['']).concat(renderRule(rule, options)))];
}

function matchedRules(listeners: readonly AuditedListener[]): MatchedRule[] {
  const rules = new Map<string, MatchedRule>();
  for (const listener of listeners) {
    for (const finding of standingFindings(listener)) {
      const rule = rules.get(finding.rule);
      if (rule === undefined) rules.set(finding.rule, { finding, listeners: [listener] });
      else rule.listeners.push(listener);
    }
  }
  return [...rules.values()].sort((one, other) => severityRank(other.finding.severity) - severityRank(one.finding.severity));
}

function renderRule({ finding, listeners }: MatchedRule, options: TextOptions): string[] {
  const { columns, colour } = options;
  const title = wrapText(`${finding.severity}: ${showParagraph(finding.title, options)}`, columns);
  const sources = [...finding.references, ...finding.attack.map((technique) => `ATT&CK ${technique}`)].map((text) => showText(text, options));
  const command = explainCommand(listeners);
  return [
    ...title.map((line) => paint(line, finding.severity, colour)),
    ...wrapText(`${formatPorts(listeners)}, by rule ${showText(finding.rule, options)}`, columns, INDENT),
    ...(finding.advice === null ? [] : wrapText(showParagraph(finding.advice, options), columns, INDENT)),
    ...(command === null ? [] : wrapText(`More: ${command}`, columns, INDENT)),
    ...(sources.length === 0 ? [] : wrapText(`See: ${sources.join(', ')}`, columns, INDENT).map((line) => paint(line, 'faint', colour))),
  ];
}

/** `22/tcp, 8000-8099/tcp, 53/udp`; of a long list the first and how many more ports there are. */
export function formatPorts(listeners: readonly Listener[]): string {
  const ports = new Map<Protocol, Set<number>>();
  const raw = new Set<string>();
  for (const listener of listeners) {
    if (listener.port === null) {
      raw.add(portLabel(listener));
      continue;
    }
    const sameProtocol = ports.get(listener.protocol);
    if (sameProtocol === undefined) ports.set(listener.protocol, new Set([listener.port]));
    else sameProtocol.add(listener.port);
  }
  const runs = [...ports].flatMap(([protocol, numbers]) =>
    findRuns(numbers).map((run) => ({ label: `${formatRuns([run])}/${protocol}`, size: run[1] - run[0] + 1 })),
  );
  const all = [...runs, ...[...raw].map((label) => ({ label, size: 1 }))];
  const more = all.slice(MOST_RUNS).reduce((sum, { size }) => sum + size, 0);
  return all.slice(0, MOST_RUNS).map(({ label }) => label).join(', ') + (more === 0 ? '' : ` and ${more} more`);
}

/** UDP-Lite shares the ports of UDP (RFC 3828, section 3); a raw socket has none to explain. */
function explainCommand(listeners: readonly Listener[]): string | null {
  const listener = listeners.find(({ port }) => port !== null);
  if (listener?.port === undefined || listener.port === null) return null;
  return `portreeve explain ${listener.port}/${listener.protocol === 'udplite' ? 'udp' : listener.protocol}`;
}
