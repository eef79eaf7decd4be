import { describe, expect, it } from 'vitest';
import type { ConfigCheck, EffectiveValue } from '../../src/model/config-check.ts';
import { renderConfigCheck } from '../../src/reports/config-check.ts';

const plain = { columns: 80, colour: false, ascii: false };
const FILE = '/etc/portreeve/portreeve.yaml';

function checkOf(changes: Partial<ConfigCheck> = {}): ConfigCheck {
  return {
    schema: 'portreeve/config-check/v1',
    file: FILE,
    ok: true,
    values: [valueOf(), valueOf({ key: 'scan.sweep', value: '1m', default: '1m', given: true }), valueOf({ key: 'sinks.c.host', value: 'logs', default: null, given: true }), valueOf({ key: 'log.level', value: 'debug', default: 'info', given: true })],
    policy: { files: ['a', 'b'], rules: 1, exceptions: 2 },
    registry: { source: 'embedded', updated: '2026-02-13' },
    problems: [],
    ...changes,
  };
}

function valueOf(changes: Partial<EffectiveValue> = {}): EffectiveValue {
  return { key: 'scan.interval', value: '1s', default: '1s', given: false, ...changes };
}

function textOf(check: ConfigCheck, format: 'text' | 'json' = 'text', options = plain): string {
  return [...renderConfigCheck(check, format, options)].join('');
}

describe('a check of the configuration', () => {
  it('says what a daemon would start with', () => {
    expect(textOf(checkOf())).toBe(`ok
configuration: ${FILE}, which sets 3 keys
policy: 1 rule and 2 exceptions in 2 files
registry: embedded, updated 2026-02-13

  scan.interval  1s
  scan.sweep     1m  (set; it is the default)
  sinks.c.host   logs  (set)
  log.level      debug  (set; without it info)
`);
  });

  it('says that there is no file', () => {
    expect(textOf(checkOf({ file: null, values: [valueOf()] })).split('\n').slice(0, 2)).toEqual(['ok', 'configuration: there is no file, so all is at its default']);
  });

  it('shows what is wrong, and that it is not usable', () => {
    const problem = { position: { file: FILE, line: 3, column: 3 }, level: 'error', code: 'unknown-key', message: 'scan has no key "intervall"', hint: 'Did you mean "interval"?', source: '  intervall: 1s' } as const;
    const warning = { ...problem, position: { file: FILE, line: null, column: null }, level: 'warning', code: 'writable-by-others', message: 'everyone may write this file', hint: null, source: null } as const;
    expect(textOf(checkOf({ ok: false, values: [], policy: null, registry: null, problems: [warning, problem] }))).toBe(`${FILE}:1:1: warning: everyone may write this file [writable-by-others]

${FILE}:3:3: error: scan has no key "intervall" [unknown-key]
      intervall: 1s
      ^
    Did you mean "interval"?

not usable, 1 error, 1 warning
configuration: ${FILE}
`);
  });

  it('is one object as JSON, in ASCII', () => {
    const check = checkOf({ file: '/etc/gr\u00fcn\u202e.yaml' });
    const text = textOf(check, 'json');
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(JSON.parse(text)).toEqual(check);
  });

  it.each(['\x1b[31m', '\x9b2J', 'a\nb', '\u202e'])('lets no control character out: %j', (text) => {
    const hostile = checkOf({ file: text, values: [valueOf({ key: text, value: text, default: `${text}x`, given: true })], registry: { source: text, updated: text }, problems: [{ position: { file: text, line: 1, column: 1 }, level: 'error', code: 'yaml', message: text, hint: text, source: text }] });
    expect(textOf(hostile)).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    expect(textOf(hostile).split('\n')).toHaveLength(textOf(checkOf({ file: 'x', values: [valueOf()], registry: { source: 'x', updated: 'x' }, problems: [{ position: { file: 'x', line: 1, column: 1 }, level: 'error', code: 'yaml', message: 'x', hint: 'x', source: 'x' }] })).split('\n').length);
  });

  it('has colours only where they are wanted', () => {
    expect(textOf(checkOf({ ok: false }), 'text', { ...plain, colour: true })).toContain('\x1b[');
    expect(textOf(checkOf({ ok: false }))).not.toContain('\x1b');
  });
});
