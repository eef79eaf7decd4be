import { describe, expect, it } from 'vitest';
import type { ExceptionOverview, PolicyOverview, RuleOverview } from '../../src/model/policy-overview.ts';
import { renderPolicyOverview, renderPolicyOverviewJson } from '../../src/reports/policy-show.ts';

const PACK = '/usr/share/portreeve/rules/pack.yaml';
const LOCAL = '/etc/portreeve/rules.d/local.yaml';
const plain = { columns: 60, colour: false, ascii: false };

function rule(id: string, changes: Partial<RuleOverview> = {}): RuleOverview {
  return { id, title: 'T', severity: 'warning', enabled: true, position: { file: PACK, line: 7, column: 9 }, declared: { severity: 'warning', enabled: true }, override: null, ...changes };
}

function exception(id: string, changes: Partial<ExceptionOverview> = {}): ExceptionOverview {
  return { id, rules: ['one'], reason: 'Vendor port', owner: null, expires: null, daysLeft: null, inForce: true, position: { file: LOCAL, line: 20, column: 9 }, ...changes };
}

const overview: PolicyOverview = {
  schema: 'portreeve/policy/v1',
  files: [
    { file: PACK, origin: 'shipped', rules: 5, exceptions: 1, overrides: 0 },
    { file: LOCAL, origin: 'local', rules: 0, exceptions: 3, overrides: 3 },
  ],
  rules: [
    rule('one'),
    rule('worse', { severity: 'critical', position: { file: PACK, line: 30, column: 9 } }),
    rule('changed', { severity: 'notice', override: { enabled: null, severity: 'notice', reason: 'Developers here', position: { file: LOCAL, line: 3, column: 11 } } }),
    rule('off', { enabled: false, override: { enabled: false, severity: null, reason: 'A reason that is long enough to need\na second line on a narrow terminal', position: { file: LOCAL, line: 6, column: 11 } } }),
    rule('dormant', { enabled: false, declared: { severity: 'warning', enabled: false } }),
  ],
  exceptions: [
    exception('shipped', { position: { file: PACK, line: 50, column: 9 } }),
    exception('for-ever'),
    exception('later', { expires: '2026-12-01', daysLeft: 9, owner: 'build-team', rules: ['one', 'worse'] }),
    exception('over', { expires: '2026-11-01', daysLeft: -21, inForce: false }),
  ],
  warnings: [{ position: { file: LOCAL, line: 24, column: 14 }, level: 'warning', code: 'exception-expired', message: 'expired', hint: 'Look again.' }],
};

describe('what is in force', () => {
  it('is shown with the place of each piece, what was changed, and why', () => {
    expect(renderPolicyOverview(overview, plain).join('')).toBe(`Files
  ${PACK} (shipped): 5 rules, 1 exception, 0 overrides
  ${LOCAL} (local): 0 rules, 3 exceptions, 3 overrides

Rules in force: 3
  critical  worse    ${PACK}:30
  warning   one      ${PACK}:7
  notice    changed  ${PACK}:7

Overridden here: 2
  changed: warning -> notice  ${LOCAL}:3
    Developers here
    the rule: ${PACK}:7
  off: switched off  ${LOCAL}:6
    A reason that is long enough to need a second line on a
    narrow terminal
    the rule: ${PACK}:7

Disabled where they stand: 1
  dormant  ${PACK}:7

Exceptions: 4
  over: expired 2026-11-01, silences nothing  ${LOCAL}:20
    silences one
    Vendor port
  later: until 2026-12-01, 9 days left  ${LOCAL}:20
    silences one, worse
    Vendor port (build-team)
  for-ever: no end  ${LOCAL}:20
    silences one
    Vendor port
  shipped: no end  ${PACK}:50
    silences one
    Vendor port

Warnings
  ${LOCAL}:24:14: warning: expired
    Look again.

`);
  });

  it('is the overview itself as JSON', () => {
    expect(JSON.parse(renderPolicyOverviewJson(overview))).toEqual(overview);
  });

  it('lets no control character of a file through', () => {
    const nasty = 'a\x1b[31m\u202eb\r\x9b';
    const hostile: PolicyOverview = {
      ...overview,
      files: [{ file: nasty, origin: 'local', rules: 1, exceptions: 1, overrides: 1 }],
      rules: [rule('r', { position: { file: nasty, line: 1, column: 1 }, override: { enabled: false, severity: null, reason: nasty, position: { file: nasty, line: 1, column: 1 } } })],
      exceptions: [exception('e', { reason: nasty, owner: nasty, position: { file: nasty, line: 1, column: 1 } })],
    };
    expect(renderPolicyOverview(hostile, plain).join('')).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(renderPolicyOverviewJson(hostile)).not.toMatch(/[^\n\x20-\x7e]/);
  });
});
