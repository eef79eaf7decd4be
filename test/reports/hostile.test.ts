import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditedListener, AuditReport } from '../../src/model/audit.ts';
import { cleanText, displayWidth } from '../../src/model/untrusted-text.ts';
import { renderExplanation, renderExplanationJson } from '../../src/reports/explain.ts';
import { renderAudit, REPORT_FORMATS } from '../../src/reports/render.ts';
import type { ReportFormat } from '../../src/reports/render.ts';
import { LEAST_COLUMNS } from '../../src/reports/text-options.ts';
import { aFinding, aListener, anOwner, aReport, facts, partialCoverage } from '../fixtures/audit-report.ts';
import { anExplanation } from '../fixtures/explanation.ts';
import { readRecords } from './read-csv.ts';

const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };
/** Every control, format, surrogate and separator character but the space and the line end. */
const RAW = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

const NAMES: readonly [string, string][] = [
  ['a terminal escape', '\x1b[31mred\x1b[2J'],
  ['an 8-bit control sequence', '\x9b2Jx'],
  ['a title change', '\x1b]0;owned\x07'],
  ['line breaks', 'a\nb\r\nc'],
  ['a forged row', 'x\n  22/tcp  0.0.0.0  sshd[1]  ssh'],
  ['quotes and separators', '"a",\'b\';c|d'],
  ['a formula', '=HYPERLINK("http://example.org")'],
  ['a right-to-left override', 'gpj.\u202eexe'],
  ['emoji', 'rocket 🚀👩\u200d🚀'],
  ['piled up marks', `z${'\u0301'.repeat(40)}`],
  ['a backslash that imitates an escape', '\\x1b[31m'],
  ['no text at all', ''],
  ['only blanks', '   '],
  ['prototype keys', '__proto__'],
  ['64 KB', '\x1b[31m日本\n'.repeat(8192)],
];

/** A listener in which everything that others choose is this text. */
function aHostileListener(text: string): AuditedListener {
  return aListener({
    id: text,
    interface: text,
    socketUser: text,
    netns: { inode: 1, name: text },
    registry: facts({ service: text, aliases: [text], since: text, former: text }),
    owners: [anOwner({ name: text, exe: text, commandLine: [text, text], user: text, unit: text, container: text }), anOwner({ pid: 2, name: `${text}2` })],
    activation: null,
    findings: [
      aFinding({ rule: text, title: text, advice: text, references: [text], attack: [text] }),
      aFinding({ rule: text, excepted: { id: text, reason: text, expires: text } }),
    ],
  });
}

function aHostileReport(text: string): AuditReport {
  const report = aReport([aHostileListener(text), aListener({ ownerKind: 'kernel', ownerNote: { code: 'kernel', detail: text }, owners: [] }), aListener({ activation: { unit: text, service: text } })]);
  const gaps = partialCoverage().gaps.map((gap) => ({ ...gap, detail: text }));
  return { ...report, host: { name: text, os: text, kernel: text }, registry: { source: text, updated: text }, policy: { ...report.policy, warnings: [text] }, coverage: { ...partialCoverage(), gaps } };
}

function print(report: AuditReport, format: ReportFormat, ascii = false, columns = 80): string {
  return [...renderAudit(report, format, { columns, colour: false, ascii })].join('');
}

describe.each(REPORT_FORMATS)('%s', (format) => {
  it.each(NAMES)('is harmless where a process calls itself %s', (_what, name) => {
    expect(print(aHostileReport(name), format)).not.toMatch(RAW);
    expect(print(aHostileReport(name), format, true)).toMatch(/^[\n\x20-\x7e]*$/);
  });

  it('is harmless whatever anything is called', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)));
    fc.assert(fc.property(text, (name) => { expect(print(aHostileReport(name), format)).not.toMatch(RAW); }), RUNS);
  });
});

describe('what a process called itself is still recognisable', () => {
  it.each(NAMES)('in json and ndjson, exactly: %s', (_what, name) => {
    const report = aReport([aHostileListener(name)]);
    expect(JSON.parse(print(report, 'json'))).toEqual(report);
    expect(JSON.parse(print(report, 'ndjson').split('\n')[1]!)).toMatchObject(report.listeners[0]!);
  });

  it.each(NAMES)('in csv, cleaned: %s', (_what, name) => {
    const [record] = readRecords(print(aReport([aListener({ socketUser: name })]), 'csv'));
    expect(record!['socketUser']!.replace(/^'/, '')).toBe(cleanText(name));
  });

  it('in the table, cleaned and cut to its column', () => {
    const named = (name: string): string => print(aReport([aListener({ owners: [anOwner({ name })] })]), 'table');
    expect(named('\x1b[31mred')).toContain('  \\x1b[31mred[812]  ');
    expect(named('gpj.\u202eexe')).toContain('  gpj.\\u202eexe[812]  ');
    expect(named('a\nb')).toContain('  a\\nb[812]  ');
  });
});

describe('a hostile name cannot break the layout', () => {
  it('of the table', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...NAMES.map(([, name]) => name))), fc.integer({ min: LEAST_COLUMNS, max: 200 }), fc.boolean(), (name, columns, ascii) => {
        for (const line of print(aHostileReport(name), 'table', ascii, columns).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }),
      RUNS,
    );
  });
});

describe('explain', () => {
  const explanationOf = (name: string): ReturnType<typeof anExplanation> => anExplanation({ listeners: [aHostileListener(name)], registry: { source: name, updated: name }, coverage: aHostileReport(name).coverage });

  it.each(NAMES)('is harmless where a process calls itself %s', (_what, name) => {
    const text = [...renderExplanation(explanationOf(name), { columns: 80, colour: false, ascii: false })].join('');
    expect(text).not.toMatch(RAW);
    const json = renderExplanationJson(explanationOf(name));
    expect(json).toMatch(/^[\n\x20-\x7e]*$/);
    expect(JSON.parse(json)).toEqual(explanationOf(name));
  });

  it('never puts a name into a command', () => {
    const text = [...renderExplanation(explanationOf('$(reboot)`reboot`;reboot'), { columns: 200, colour: false, ascii: false })].join('');
    const commands = text.split('\n').filter((line) => /^ {4}(?:sudo|systemctl) /.test(line));
    expect(commands).toHaveLength(6);
    expect(commands.join('\n')).not.toContain('reboot');
  });
});
