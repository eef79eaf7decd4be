import { describe, expect, it } from 'vitest';
import { compareAudits } from '../../src/findings/compare-audits.ts';
import type { AuditComparison } from '../../src/model/audit-change.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderComparison, renderComparisonJson } from '../../src/reports/comparison.ts';
import { aFinding, aListener, anOwner, aReport, partialCoverage, webServer } from '../fixtures/audit-report.ts';

const TEXT = { columns: 80, colour: false, ascii: false };
const [licd, shop, ...rest] = webServer();
const LATER = { ...aReport([]), startedAt: '2026-11-24T06:00:00.000Z' };

function compare(): AuditComparison {
  const taken = { ...shop!, id: 'taken', owners: [anOwner({ pid: 99, name: 'nc\u001b[2J', exe: '/tmp/nc', user: 'ada', unit: null })] };
  const came = aListener({ id: 'came', port: 10276, owners: [anOwner({ pid: 7, name: 'python3', exe: '/usr/bin/python3.11', user: 'ada', unit: 'session-3.scope' })], findings: [aFinding({ rule: 'unassigned-exposed', severity: 'warning' })] });
  return compareAudits(aReport([licd!, shop!, ...rest], { coverage: partialCoverage() }), { ...LATER, registry: { source: 'embedded', updated: '2026-11-01' }, listeners: [taken, came, ...rest] });
}

describe('renderComparison', () => {
  it('tells what is new first, then what changed and what went', () => {
    expect(renderComparison(compare(), TEXT).join('\n')).toMatchInlineSnapshot(`
      "web1, 2026-11-22 04:53Z to 2026-11-24 06:00Z: 1 appeared, 1 vanished, 1 with
      another owner; 6 listeners as before.
      The registry is another: 2026-02-13 then, 2026-11-01 now.
      The first audit did not see everything: what appeared may have been there.

        PORT       ADDRESS     OWNER          REGISTRY
      APPEARED (1)
        10276/tcp  0.0.0.0     python3[7]     ssh
            executable /usr/bin/python3.11, user ada, unit session-3.scope
            unassigned-exposed (warning)

      OTHER OWNER (1)
        8090/tcp   [::] v4+v6  nc\\x1b[2J[99]  unassigned
            executable: /usr/lib/jvm/java-17-openjdk-amd64/bin/java → /tmp/nc
            user: deploy → ada
            unit: shop.service → none
            deleted: /usr/lib/jvm/java-17-openjdk-amd64/bin/java → none

      VANISHED (1)
        1302/tcp   0.0.0.0     licd[4711]     de-assigned 2019-10-30 (was ci3-softwar…
            executable /opt/licd/bin/licd, user licd, unit licd.service"
    `);
  });

  it('is one sentence where nothing changed', () => {
    const same = compareAudits(aReport(webServer()), { ...LATER, listeners: webServer() });
    expect(renderComparison(same, { ...TEXT, columns: 120 })).toEqual(['web1, 2026-11-22 04:53Z to 2026-11-24 06:00Z: nothing changed; 8 listeners as before.']);
  });

  it('says whose audit is whose, and what may only not have been seen', () => {
    const other = compareAudits(aReport([], { host: 'db1' }), aReport([], { coverage: partialCoverage() }));
    expect(renderComparison(other, { ...TEXT, columns: 120 }).slice(1)).toEqual(['The first audit is of another host, db1.', 'The second audit did not see everything: what vanished may still be there.']);
  });

  it.each([30, 40, 80, 120])('keeps to %i columns', (columns) => {
    for (const line of renderComparison(compare(), { ...TEXT, columns })) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  });

  it('is data for programs too', () => {
    const data = JSON.parse(renderComparisonJson(compare())) as AuditComparison;
    expect(data.schema).toBe('portreeve/baseline-diff/v1');
    expect(data.summary).toEqual({ appeared: 1, owner: 1, other: 0, unseen: 0, moved: 0, vanished: 1, unchanged: 6, counting: 2 });
    expect(data.changes.map(({ kind, counts, before, after }) => [kind, counts, before?.port ?? null, after?.port ?? null])).toEqual([
      ['appeared', true, null, 10276],
      ['owner', true, 8090, 8090],
      ['vanished', false, 1302, null],
    ]);
    expect(renderComparisonJson(compare())).not.toMatch(/[^\x20-\x7e\n]/);
  });
});
