import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PolicyCheck } from '../../src/model/policy-check.ts';
import { checkPolicyFiles, type CheckOptions } from '../../src/policy/check-policy.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { POLICY_PROBLEM_CODES } from '../../src/policy/problem-codes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-check-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const RULES = `  - { id: plain, title: T, severity: notice, match: { status: unassigned } }
  - { id: other, title: T, severity: notice, match: { status: reserved } }
  - { id: grave, title: T, severity: critical, match: { exeDeleted: true } }
  - { id: off, title: T, severity: notice, match: { ephemeral: true }, enabled: false }
`;

async function check(files: Readonly<Record<string, string>>, options: Partial<CheckOptions> = {}): Promise<PolicyCheck> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return checkPolicyFiles([folder], { today: '2026-02-20', ...options });
}

/** `line:column level code message` of what is found in a file of exceptions and overrides for the rules above. */
async function found(text: string, options: Partial<CheckOptions> = {}): Promise<readonly string[]> {
  const { problems } = await check({ 'x.yaml': `version: 1\nrules:\n${RULES}${text}` }, options);
  return problems.map(({ position, level, code, message }) => `${position.line ?? '-'}:${position.column ?? '-'} ${level} ${code} ${message.replaceAll(`${folder}/`, '')}`);
}

/** Exceptions, each from line 8 on; the fields of the match and what else there is. */
function exceptions(...written: readonly string[]): string {
  return `exceptions:\n${written.map((one, index) => `  - { id: e${index}, rules: [plain], reason: R, ${one} }\n`).join('')}`;
}

const HELD = 'exe: /opt/licd, user: licd';

describe('policy check', () => {
  it('finds nothing in a careful file', async () => {
    const text = exceptions(`match: { port: 1302, ${HELD} }`, 'match: { ownerKind: kernel, port: 51820 }', 'match: { activated: true, port: 22 }, expires: 2026-12-31');
    expect(await found(text)).toEqual([]);
  });

  it('reports errors of all files beside the lint of those that are sound, with the lines', async () => {
    const { files, problems, ...counts } = await check({
      'a.yaml': `version: 1\nrules:\n${RULES}`,
      'b.yaml': 'version: 1\nruls: []\n',
      'c.yaml': `version: 1\nexceptions:\n  - { id: e, rules: [plain], match: { port: 1 }, reason: R }\n`,
    });
    expect(files.map((file) => basename(file))).toEqual(['a.yaml', 'b.yaml', 'c.yaml']);
    expect(counts).toEqual({ schema: 'portreeve/policy-check/v1', rules: 4, exceptions: 1, overrides: 0, usageUntil: null });
    expect(problems).toEqual([
      { position: { file: join(folder, 'b.yaml'), line: 2, column: 1 }, level: 'error', code: 'unknown-key', message: 'a policy file has no key "ruls"', hint: 'Did you mean "rules"?', source: 'ruls: []' },
      {
        position: { file: join(folder, 'c.yaml'), line: 3, column: 11 },
        level: 'warning',
        code: 'exception-by-port',
        message: 'the exception "e" approves a listener by its port alone: any process can hide behind it',
        hint: 'Add exe with the path of the executable, and unit or user.',
        source: '  - { id: e, rules: [plain], match: { port: 1 }, reason: R }',
      },
    ]);
  });

  it('has no line for what is wrong with a whole file', async () => {
    const { problems } = await checkPolicyFiles([join(folder, 'gone.yaml')], { today: '2026-02-20' });
    expect(problems).toMatchObject([{ code: 'unreadable', source: null, position: { line: null } }]);
  });

  it('insists on a reason, where an audit only warns', async () => {
    expect(await found('exceptions:\n  - { id: e, rules: [plain], match: { exe: /x }, reason: TODO }\n')).toEqual(['8:11 error exception-todo the exception "e" has no reason yet']);
  });

  it('tells of what has expired, and as a notice of what soon will', async () => {
    const text = exceptions(`match: { port: 1, ${HELD} }, expires: 2026-02-19`, `match: { port: 2, ${HELD} }, expires: 2026-02-21`);
    expect(await found(text)).toEqual([
      expect.stringMatching(/^8:\d+ warning exception-expired the exception "e0" expired at the end of 2026-02-19 and silences nothing$/),
      expect.stringMatching(/^9:\d+ notice exception-expires-soon the exception "e1" expires tomorrow, at the end of 2026-02-21$/),
    ]);
  });

  it.each([
    ['port: 1302', 'exception-by-port'],
    ['port: 1302, protocol: tcp, scope: wildcard, status: unassigned', 'exception-by-port'],
    ['scope: loopback', 'exception-by-port'],
    ['port: 1302, exe: "/**"', 'exception-by-port'],
    ['port: 1302, unit: "*"', 'exception-by-port'],
    ['port: 1302, exePackage: none', 'exception-by-port'],
    ['port: 1302, container: false', 'exception-by-port'],
    ['port: 1302, ownerKind: process', 'exception-by-port'],
    ['port: 1302, not: { exe: /x }', 'exception-by-port'],
    ['port: 1302, any: [{ exe: /x }, { port: 1 }]', 'exception-by-port'],
    ['port: 1302, process: licd', 'exception-by-process'],
    ['any: [{ process: licd, port: 1 }, { process: [a, b], port: 2 }]', 'exception-by-process'],
    ['any: [{ process: licd, port: 1 }, { port: 2 }]', 'exception-by-port'],
  ])('warns of an exception that does not say who: %s', async (match, code) => {
    expect(await found(exceptions(`match: { ${match} }`))).toEqual([expect.stringContaining(`8:11 warning ${code} the exception "e0"`)]);
  });

  it.each(['port: 1, exe: /x', 'port: 1, exePackage: nginx', 'port: 1, unit: x.service', 'port: 1, user: x', 'port: 1, uid: 0', 'port: 1, container: true', 'port: 1, ownerReason: kernel', 'port: 1, process: x, user: x', 'any: [{ exe: /x }, { unit: y.service }]'])(
    'is content with %s',
    async (match) => {
      expect(await found(exceptions(`match: { ${match} }`))).toEqual([]);
    },
  );

  it('warns of an exception that silences what is critical, by an override too', async () => {
    const exception = 'exceptions:\n  - { id: e, rules: [plain, grave], match: { exe: /x }, reason: R }\n';
    expect(await found(exception)).toEqual(['8:29 warning exception-of-critical the exception "e" silences "grave", which is critical']);
    const overrides = 'overrides:\n  - { rule: grave, severity: error, reason: R }\n  - { rule: plain, severity: critical, reason: R }\n';
    expect(await found(exception + overrides)).toEqual(['8:22 warning exception-of-critical the exception "e" silences "plain", which is critical']);
  });

  it('warns of an exception whose rules are all switched off', async () => {
    const exception = (rules: string): string => `exceptions:\n  - { id: e, rules: [${rules}], match: { exe: /x }, reason: R }\n`;
    expect(await found(exception('off'))).toEqual(['8:22 warning exception-of-disabled the exception "e" silences the rule "off", which is switched off']);
    expect(await found(exception('off, plain'))).toEqual([]);
    expect(await found(`${exception('off')}overrides:\n  - { rule: off, enabled: true, reason: R }\n`)).toEqual([]);
    expect(await found(`${exception('off, plain')}overrides:\n  - { rule: plain, enabled: false, reason: R }\n`)).toEqual(['8:22 warning exception-of-disabled the exception "e" silences rules that are switched off']);
  });

  it('warns of overrides that change nothing', async () => {
    const text = 'overrides:\n  - { rule: off, enabled: false, reason: R }\n  - { rule: plain, severity: notice, enabled: true, reason: R }\n  - { rule: other, severity: info, enabled: true, reason: R }\n';
    expect(await found(text)).toEqual([
      '8:13 warning override-without-effect the override of "off" changes nothing: the rule is disabled already',
      '9:13 warning override-without-effect the override of "plain" changes nothing: the rule is notice already',
    ]);
  });

  it('warns of a rule that says what an earlier one does, however it is written', async () => {
    expect(await found('  - { id: again, title: T, severity: error, match: { status: [unassigned, unassigned] } }\n')).toEqual([
      '7:11 warning same-match the rule "again" has the match of "plain" (x.yaml:3:11): each listener gets both findings',
    ]);
    expect(await found('  - { id: again, title: T, severity: error, match: { ephemeral: true } }\n')).toEqual([]);
  });

  it('takes no fact of the language for one that no audit finds out', async () => {
    expect(await found('  - { id: p, title: T, severity: error, match: { port: 1, not: { peers: true } } }\n')).toEqual([
    ]);
  });

  it('compares with the rules in force beside the files, and reports on the files alone', async () => {
    const { document } = await parsePolicyDocument(`version: 1\nrules:\n${RULES}  - { id: never, title: T, severity: info, match: { port: 1, range: user } }\n`, 'shipped.yaml');
    const text = 'version: 1\nrules:\n  - { id: mine, title: T, severity: info, match: { status: reserved } }\noverrides:\n  - { rule: grave, severity: critical, reason: R }\n';
    const { problems } = await check({ 'x.yaml': text }, { beside: [document!] });
    expect(problems.map(({ code, position }) => [code, position.line])).toEqual([['same-match', 3], ['override-without-effect', 5]]);
  });

  it('calls an exception unused that someone has watched for long enough, and no other', async () => {
    const listed = [1, 2, 3, 4].map((port) => `match: { port: ${port}, ${HELD} }`);
    const text = exceptions(...listed, `match: { port: 5, ${HELD} }, expires: 2026-01-31`);
    const watchedSince = new Map(['e0', 'e1', 'e2', 'e4'].map((id) => [id, '2025-01-01']));
    const lastUsed = new Map([['e0', '2025-11-23'], ['e1', '2025-11-22']]);
    const unused = { usage: { watchedSince, lastUsed }, until: '2026-02-20', days: 90 };
    const codes = async (options: Partial<CheckOptions>) => (await found(text, options)).filter((line) => line.includes('exception-unused'));
    expect(await codes({ unused })).toEqual([
      '9:11 warning exception-unused the exception "e1" has silenced nothing since 2025-11-22, 90 days ago',
      '10:11 warning exception-unused the exception "e2" has silenced nothing in the 415 days since 2025-01-01',
    ]);
    expect(await codes({ unused: { ...unused, until: '2025-11-30' } })).toEqual(['10:11 warning exception-unused the exception "e2" has silenced nothing in the 333 days since 2025-01-01']);
    expect(await codes({ unused: { ...unused, days: 416 } })).toEqual([]);
    expect(await codes({ unused: null })).toEqual([]);
  });

  it('says where a fact is asked for that this host does not give', async () => {
    const text = `  - { id: stray, title: T, severity: error, match: { port: 1, any: [{ not: { exePackage: '*' } }, { exePackage: none }] } }
  - { id: idle, title: T, severity: info, enabled: false, match: { exePackage: none } }
${exceptions(`match: { port: 1, ${HELD}, exePackage: licd }`)}`;
    const unknownHere = new Map([['exePackage', 'rpm keeps them']]);
    expect(await found(text, { facts: { unknownHere, serviceNames: null } })).toEqual([
      '7:78 notice unknown-here the rule "stray" asks for exePackage, which is unknown on this host: rpm keeps them',
      '10:88 notice unknown-here the exception "e0" asks for exePackage, which is unknown on this host: rpm keeps them',
    ]);
    expect(await found(text)).toEqual([]);
  });

  it('says where a service is named that no port has, with what was meant', async () => {
    const text = `  - { id: s, title: T, severity: error, match: { service: [postgres, SSH], scope: wildcard } }
  - { id: p, title: T, severity: error, match: { any: [{ port: [htpp, 8080] }, { port: ssh }] } }
`;
    const facts = { unknownHere: new Map<string, string>(), serviceNames: () => new Set(['postgresql', 'ssh', 'http']) };
    expect(await found(text, { facts })).toEqual([
      '7:50 warning unknown-service the rule "s" asks for the service "postgres", and no port is registered under that name',
      '8:58 warning unknown-service the rule "p" asks for the service "htpp", and no port is registered under that name',
    ]);
    const { problems } = await check({}, { facts });
    expect(problems.map(({ hint }) => hint)).toEqual([expect.stringContaining('postgresql'), 'Did you mean http?']);
    expect(await found(text)).toEqual([]);
  });

  it('answers for 5,000 rules, and for 5,000 exceptions, within seconds', async () => {
    const rules = Array.from({ length: 5000 }, (_, index) => `  - { id: r${index}, title: T, severity: info, match: { port: ${index}, not: { exe: /x } } }\n`);
    const listed = Array.from({ length: 5000 }, (_, index) => `  - { id: e${index}, rules: [r1], match: { exe: "/opt/*/${index}", user: u }, reason: R }\n`);
    const started = performance.now();
    const { problems } = await check({ 'a.yaml': `version: 1\nrules:\n${rules.join('')}`, 'b.yaml': `version: 1\nexceptions:\n${listed.join('')}` });
    expect(problems).toEqual([]);
    // Four times what two busy cores take for both.
    expect(performance.now() - started).toBeLessThan(16_000);
  });
});

describe('overlapping exceptions', () => {
  const wide = 'match: { exe: "/opt/*", port: 8000-8100 }';

  it.each([
    ['a narrower one behind a wider', [wide, 'match: { exe: /opt/a, port: 8080, user: a }'], '9:11 warning exception-overlap the exception "e1" adds nothing: "e0" (x.yaml:8:11) covers all of it'],
    ['a narrower one before a wider', ['match: { exe: /opt/a, port: 8080, user: a }', wide], '8:11 warning exception-overlap the exception "e0" adds nothing: "e1" (x.yaml:9:11) covers all of it'],
    ['the same twice', ['match: { exe: [/a, /b], not: { port: 1 } }', 'match: { not: { port: 1 }, exe: [/b, /a] }'], '9:11 warning exception-overlap the exception "e1" adds nothing: "e0" (x.yaml:8:11) covers all of it'],
    ['one that shares some listeners', ['match: { exe: [/a, /b], port: [1, 2] }', 'match: { exe: [/b, /c], port: 2-3 }'], '9:11 warning exception-overlap the exceptions "e1" and "e0" (x.yaml:8:11) both silence "plain" for some listeners'],
  ])('are reported: %s', async (_, written, problem) => {
    expect(await found(exceptions(...written))).toEqual([problem]);
  });

  it.each([
    ['other ports', ['match: { exe: /a, port: 1 }', 'match: { exe: /a, port: 2 }']],
    ['other executables', ['match: { exe: /a, port: 1 }', 'match: { exe: /b, port: 1 }']],
    ['other fields, of which nothing can be told', ['match: { exe: /a, port: 1 }', 'match: { unit: a.service, port: 1 }']],
    ['one that ends before the other', [`${wide}, expires: 2026-06-30`, 'match: { exe: /opt/a, port: 8080, user: a }']],
  ])('are not: %s', async (_, written) => {
    expect(await found(exceptions(...written))).toEqual([]);
  });

  it('are told apart by their rules', async () => {
    const text = `exceptions:
  - { id: a, rules: [plain], match: { exe: /x }, reason: R }
  - { id: b, rules: [other], match: { exe: /x }, reason: R }
  - { id: c, rules: [plain, off], match: { exe: /x }, reason: R }
`;
    expect(await found(text)).toEqual(['10:11 warning exception-overlap the exception "c" adds nothing as far as 1 of its 2 rules go: "a" (x.yaml:8:11) covers all of it']);
  });
});

describe('the codes of problems', () => {
  it('are each described in docs/policy.md', () => {
    const manual = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
    for (const [code, description] of Object.entries(POLICY_PROBLEM_CODES)) expect(manual).toContain(`| \`${code}\` | ${description} |`);
  });

  it('are all that the sources use', () => {
    const used = ['policy', 'yaml']
      .flatMap((folder) => readdirSync(new URL(`../../src/${folder}`, import.meta.url)).map((name) => `../../src/${folder}/${name}`))
      .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
      .flatMap((text) => [...text.matchAll(/'((?:exception|override|never|same|fact|duplicate|unknown|missing|process-name)-[a-z-]+)'/g)].map((match) => match[1] ?? ''));
    expect([...new Set(used)].filter((code) => !Object.hasOwn(POLICY_PROBLEM_CODES, code))).toEqual([]);
  });
});
