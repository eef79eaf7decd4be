import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import { renderJson } from '../../src/reports/json.ts';
import { renderNdjson } from '../../src/reports/ndjson.ts';
import { renderTable } from '../../src/reports/table.ts';
import { aFinding, aListener, aReport } from '../fixtures/audit-report.ts';

const at = (line: number) => ({ file: '/etc/portreeve/rules.d/x.yaml', line, column: 7 });
const tried = aListener({
  findings: [aFinding()],
  trials: [
    { rule: 'exe-memfd', severity: 'critical', truth: 'false', condition: 'exe', position: at(3), exceptions: [] },
    { rule: 'owner-hidden', severity: 'error', truth: 'unknown', condition: 'user', position: at(9), exceptions: [] },
    { rule: 'de-assigned-exposed', severity: 'error', truth: 'true', condition: null, position: null, exceptions: [{ exception: 'licd', truth: 'false', condition: 'port', position: at(20) }] },
  ],
});

describe('an audit with trials', () => {
  it('shows in the table each rule and exception in the order in which it was tried', () => {
    const text = [...renderTable(aReport([tried]), { columns: 100, colour: false, ascii: false })].join('');
    expect(text.slice(text.indexOf('Rules tried'))).toMatchInlineSnapshot(`
      "Rules tried, in order
        22/tcp 0.0.0.0 (wildcard)
          exe-memfd: no, exe does not hold (/etc/portreeve/rules.d/x.yaml:3:7)
          owner-hidden: no, user is not known (/etc/portreeve/rules.d/x.yaml:9:7)
          de-assigned-exposed: matches, error
            exception licd: no, port does not hold (/etc/portreeve/rules.d/x.yaml:20:7)
      "
    `);
  });

  it('has them as a key of each listener, in JSON and in JSON lines', () => {
    const report = aReport([tried]);
    expect((JSON.parse([...renderJson(report)].join('')) as typeof report).listeners[0]?.trials).toEqual(tried.trials);
    const lines = [...renderNdjson(report)];
    expect((JSON.parse(lines[1] ?? '') as AuditedListener).trials).toEqual(tried.trials);
  });

  it('says nothing of them where they were not asked for', () => {
    const report = aReport([aListener()]);
    expect([...renderTable(report, { columns: 100, colour: false, ascii: false })].join('')).not.toContain('Rules tried');
    expect([...renderJson(report)].join('')).not.toContain('trials');
  });
});
