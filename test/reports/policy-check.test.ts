import { describe, expect, it } from 'vitest';
import type { PolicyCheck, PolicyFault } from '../../src/model/policy-check.ts';
import { renderPolicyCheck } from '../../src/reports/policy-check.ts';

const plain = { columns: 80, colour: false, ascii: false };

function fault(changes: Partial<PolicyFault> = {}): PolicyFault {
  return {
    position: { file: '/etc/portreeve/rules.d/local.yaml', line: 3, column: 5 },
    level: 'error',
    code: 'unknown-key',
    message: 'a rule has no key "severty"',
    hint: 'Did you mean "severity"?',
    source: '    severty: error',
    ...changes,
  };
}

function checkOf(...problems: PolicyFault[]): PolicyCheck {
  return { schema: 'portreeve/policy-check/v1', files: ['/etc/portreeve/rules.d/local.yaml'], rules: 2, exceptions: 1, overrides: 0, usageUntil: null, problems };
}

function textOf(check: PolicyCheck, format: 'text' | 'json' | 'compact', options = plain): string {
  return [...renderPolicyCheck(check, format, options)].join('');
}

describe('a check of policy files', () => {
  it('shows the place, the line with a caret, and what was meant', () => {
    expect(textOf(checkOf(fault()), 'text')).toBe(`/etc/portreeve/rules.d/local.yaml:3:5: error: a rule has no key "severty" [unknown-key]
        severty: error
        ^
    Did you mean "severity"?

1 file with 2 rules, 1 exception, 0 overrides: 1 error
`);
  });

  it('counts what it found by its weight', () => {
    const levels = (['warning', 'notice', 'error', 'warning'] as const).map((level) => fault({ level }));
    expect(textOf(checkOf(...levels), 'text')).toMatch(/: 1 error, 2 warnings, 1 notice\n$/);
    expect(textOf(checkOf(), 'text')).toBe('1 file with 2 rules, 1 exception, 0 overrides: nothing to complain about\n');
  });

  it('is a line each for editors and CI, and nothing where nothing is wrong', () => {
    const whole = fault({ position: { file: '/gone.yaml', line: null, column: null }, source: null, code: 'unreadable', message: 'there is no such file or folder' });
    expect(textOf(checkOf(fault({ level: 'warning' }), whole), 'compact')).toBe(`/etc/portreeve/rules.d/local.yaml:3:5: warning: a rule has no key "severty" [unknown-key]
/gone.yaml:1:1: error: there is no such file or folder [unreadable]
`);
    expect(textOf(checkOf(), 'compact')).toBe('');
  });

  it('is the check itself as JSON', () => {
    const check = checkOf(fault({ source: 'ä\u202e' }));
    expect(textOf(check, 'json')).not.toMatch(/[^\n\x20-\x7e]/);
    expect(JSON.parse(textOf(check, 'json'))).toEqual(check);
  });

  it('lets no control character of a file through', () => {
    const nasty = 'a\x1b[31m\u202eb\x9b';
    const check = checkOf(fault({ source: `   ${nasty} x`, message: nasty, hint: nasty, position: { file: nasty, line: 1, column: 9 } }));
    for (const format of ['text', 'compact', 'json'] as const) expect(textOf(check, format)).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(textOf(checkOf(fault({ source: '    Ä: error' })), 'text', { ...plain, ascii: true })).toContain('    \\xc4: error\n');
  });

  it('has its level in colour where colours are allowed', () => {
    expect(textOf(checkOf(fault()), 'text', { ...plain, colour: true })).toContain(': \x1b[31merror\x1b[0m: ');
  });
});
