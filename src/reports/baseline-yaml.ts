import type { AuditedListener } from '../model/audit.ts';
import type { Baseline, ProposedException, ProposedField, WithheldListener } from '../model/baseline.ts';
import { findRuns } from './port-ranges.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';
import { yamlText, yamlValues } from './yaml-scalar.ts';

/** Comments are ASCII of one width wherever the file is written: it may be read on another terminal. */
const COMMENTS: TextOptions = { columns: 120, colour: false, ascii: true };
/** Of what one exception silences, so that a thousand ports do not make a thousand comments. */
const MOST_LISTENERS = 5;
const MOST_WITHHELD = 200;

/** What the person who approved an exception said. */
export interface Approval {
  readonly reason: string;
  /** YYYY-MM-DD, or null for no end. */
  readonly expires: string | null;
}

/** A policy file of proposed exceptions with their evidence in comments. Each `reason` is still to be written. */
export function renderBaseline(baseline: Baseline): string {
  const { exceptions, withheld, expires } = baseline;
  const lines = [
    ...renderHeader(baseline),
    'version: 1',
    exceptions.length === 0 ? 'exceptions: []' : 'exceptions:',
    ...exceptions.flatMap((exception, index) => [...(index === 0 ? [] : ['']), ...renderProposal(exception, { reason: 'TODO', expires })]),
    ...(withheld.length === 0 ? [] : ['', ...renderWithheld(withheld)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The first lines of a file that `baseline review` begins. */
export function renderReviewedHeader(host: string, date: string): string {
  return `${comment(`Approved on ${word.showText(host, COMMENTS)} from ${date} on, one by one, with portreeve baseline review.`, '# ').join('\n')}\nversion: 1\nexceptions:\n`;
}

/** One entry of `exceptions`, with what it silences in comments before it. */
export function renderProposal(exception: ProposedException, { reason, expires }: Approval): string[] {
  const { id, rules } = exception;
  return [
    ...renderEvidence(exception),
    `  - id: ${id}`,
    `    rules: [${rules.map(yamlText).join(', ')}]`,
    '    match:',
    ...renderProposedMatch(exception).map((line) => `      ${line}`),
    `    reason: ${yamlText(reason)}`,
    expires === null ? '    # expires: YYYY-MM-DD' : `    expires: ${expires}`,
  ];
}

/** The fields of a proposed match, a line each. */
export function renderProposedMatch({ match }: Pick<ProposedException, 'match'>): string[] {
  return match.map(renderField);
}

function renderHeader({ version, host, startedAt, complete, minSeverity }: Baseline): string[] {
  const scan = `Proposed by portreeve ${version} from a scan of ${word.showText(host, COMMENTS)} at ${startedAt}, for findings of ${minSeverity} and above.`;
  return [
    ...comment(scan, '# '),
    ...comment('Each exception silences the named rules for what was seen then, and nothing else. Look at the evidence; write the reason in place of TODO, or delete the exception.', '# '),
    ...comment('Then let "portreeve policy check" look at the file, and put it into /etc/portreeve/rules.d.', '# '),
    ...(complete ? [] : comment('The scan could not see everything: there may be more than is proposed here.', '# ')),
  ];
}

function renderEvidence({ listeners, rules }: ProposedException): string[] {
  const told = new Map(listeners.flatMap(({ findings }) => findings.map((finding) => [finding.rule, finding])));
  return [
    ...listeners.slice(0, MOST_LISTENERS).flatMap((listener) => comment(describe(listener))),
    ...(listeners.length > MOST_LISTENERS ? comment(`and ${listeners.length - MOST_LISTENERS} more`) : []),
    ...rules.flatMap((rule) => {
      const finding = told.get(rule);
      return finding === undefined ? [] : comment(`${finding.severity}: ${word.showParagraph(finding.title, COMMENTS)} (${word.showText(rule, COMMENTS)})`, '  #   ');
    }),
  ];
}

/** Without the command line: it may hold a password, and the file is made to be kept and passed on. */
function describe(listener: AuditedListener): string {
  const parts = [
    `${word.portLabel(listener)} ${word.addressLabel(listener, COMMENTS)} (${listener.scope}): ${word.ownerLabel(listener, COMMENTS)}`,
    `executable ${word.executableLabel(listener, COMMENTS)}`,
    `user ${word.userLabel(listener, COMMENTS)}`,
    `unit ${word.unitLabel(listener, COMMENTS)}`,
    `registry ${word.registryLabel(listener.registry, COMMENTS)}`,
  ];
  return parts.filter((part) => !part.endsWith(' -')).join(', ');
}

function renderWithheld(withheld: readonly WithheldListener[]): string[] {
  return [
    ...comment('Not proposed; these keep alerting:'),
    ...withheld.slice(0, MOST_WITHHELD).flatMap(({ listener, rules, reason }) => [
      ...comment(describe(listener), '  #   '),
      ...comment(`${rules.map((rule) => word.showText(rule, COMMENTS)).join(', ')}. ${word.showText(reason, COMMENTS)}`, '  #     '),
    ]),
    ...(withheld.length > MOST_WITHHELD ? comment(`and ${withheld.length - MOST_WITHHELD} more`, '  #   ') : []),
  ];
}

function comment(text: string, start = '  # '): string[] {
  return wrapText(text, COMMENTS.columns, start);
}

function renderField({ field, values }: ProposedField): string {
  return `${field}: ${yamlValues(field === 'port' ? joinPorts(values.map(Number)) : values)}`;
}

/** Runs of three and more as ranges: `[8080, "9000-9010"]`. */
function joinPorts(ports: readonly number[]): readonly (string | number)[] {
  return findRuns(ports).flatMap(([first, last]): (string | number)[] => (last - first < 2 ? [...new Set([first, last])] : [`${first}-${last}`]));
}
