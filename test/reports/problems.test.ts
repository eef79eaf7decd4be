import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import type { Problem } from '../../src/model/errors.ts';
import { renderError, renderProblem } from '../../src/reports/problems.ts';

const problem: Problem = {
  position: { file: '/etc/portreeve/local.yaml', line: 3, column: 5 },
  message: 'unknown key "sevrity"',
  hint: 'Did you mean "severity"?',
  level: 'error',
};

describe('renderError', () => {
  it('says what happened, where, and what to do next', () => {
    const error = new PortreeveError('policy-invalid', '2 problems in the policy', { hint: 'Run `portreeve policy check` after each change.', problems: [problem, { ...problem, position: { file: 'b.yaml', line: null, column: null }, message: 'empty file', hint: null }] });
    expect(renderError(error)).toBe(
      'portreeve: 2 problems in the policy\n' +
        '/etc/portreeve/local.yaml:3:5: error: unknown key "sevrity"\n' +
        '  Did you mean "severity"?\n' +
        'b.yaml: error: empty file\n' +
        'portreeve: Run `portreeve policy check` after each change.\n',
    );
  });

  it('keeps the lines of a message that shows the place, and does not tell it twice', () => {
    const error = new PortreeveError('policy-invalid', 'local.yaml:3:5: unknown key "sevrity"\n  sevrity: error\n  ^', { problems: [problem] });
    expect(renderError(error)).toBe('portreeve: local.yaml:3:5: unknown key "sevrity"\n  sevrity: error\n  ^\n');
  });

  it('leaves what the message quotes cleaned as it is', () => {
    const key = { ...problem, message: 'unknown key "a\x1b"' };
    expect(renderError(new PortreeveError('policy-invalid', 'b.yaml:1:1: unknown key "a\\x1b"', { problems: [key] }))).toBe('portreeve: b.yaml:1:1: unknown key "a\\x1b"\n');
  });

  it('lets nothing of a file reach the terminal raw', () => {
    const nasty = '\x1b[2J\u202e\r\x07';
    const text = renderError(new PortreeveError('policy-invalid', `bad ${nasty}\nline`, { hint: nasty, problems: [{ position: { file: nasty, line: 1, column: 2 }, message: `other ${nasty}`, hint: nasty, level: 'warning' }] }));
    expect(text).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
    expect(text.split('\n')).toHaveLength(6);
    expect(text).toContain('\\x1b[2J\\u202e\\r\\x07:1:2: warning: other ');
    expect(renderError(new PortreeveError('usage', 'für alle'), { ascii: true })).toBe('portreeve: f\\xfcr alle\n');
  });
});

describe('renderProblem', () => {
  it('is what editors understand', () => {
    expect(renderProblem({ ...problem, level: 'warning', hint: null })).toBe('/etc/portreeve/local.yaml:3:5: warning: unknown key "sevrity"\n');
  });
});
