import { describe, expect, it } from 'vitest';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { BAD_EXCEPTIONS, BAD_IDS, BAD_MATCHES, BAD_OVERRIDES, BAD_PORTS, BAD_RULES, NO_POLICIES, withException, withId, withMatch, withOverride, withPort, withRule } from './bad-policies.ts';


/** `line:column message (hint)` of each problem. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const { problems } = await parsePolicyDocument(text, 'x.yaml');
  return problems.map(({ position, message, hint }) => `${position.line ?? '-'}:${position.column ?? '-'} ${message}${hint === null ? '' : ` (${hint})`}`);
}

describe('a sound policy file', () => {
  const text = `version: 1
rules:
  - id: de-assigned-exposed
    title: Listener on a de-assigned port, reachable from other hosts
    match: { status: de-assigned, scope: [wildcard, public], not: { exe: /opt/** } }
    severity: error
    advice: |
      Find the owner first.
      Then decide.
    references: [RFC 6335]
    attack: [T1571, T1036.005]
    enabled: false
exceptions:
  - id: licence-server
    rules: [de-assigned-exposed]
    match: { port: [1302, 2000-2010] }
    reason: Vendor port
    owner: build-team
    expires: 2027-06-30
overrides:
  - rule: unassigned-exposed
    enabled: false
    reason: 'A lab: nothing here is registered'
  - rule: exe-hidden
    severity: notice
    reason: Developers
`;
  const document: PolicyDocument = {
    file: 'x.yaml',
    rules: [
      {
        id: 'de-assigned-exposed',
        at: [3, 9],
        title: 'Listener on a de-assigned port, reachable from other hosts',
        severity: 'error',
        advice: 'Find the owner first.\nThen decide.',
        references: ['RFC 6335'],
        attack: ['T1571', 'T1036.005'],
        enabled: false,
        match: {
          kind: 'all',
          at: [5, 12],
          conditions: [
            { kind: 'field', field: 'status', values: ['de-assigned'], at: [5, 14] },
            { kind: 'field', field: 'scope', values: ['wildcard', 'public'], at: [5, 35] },
            {
              kind: 'not',
              at: [5, 62],
              conditions: [{ kind: 'all', at: [5, 67], conditions: [{ kind: 'field', field: 'exe', values: ['/opt/**'], at: [5, 69] }] }],
            },
          ],
        },
      },
    ],
    exceptions: [
      {
        id: 'licence-server',
        at: [14, 9],
        rules: [{ id: 'de-assigned-exposed', at: [15, 13] }],
        match: { kind: 'all', at: [16, 12], conditions: [{ kind: 'field', field: 'port', values: [1302, '2000-2010'], at: [16, 14] }] },
        reason: 'Vendor port',
        owner: 'build-team',
        expires: { date: '2027-06-30', at: [19, 14] },
      },
    ],
    overrides: [
      { rule: { id: 'unassigned-exposed', at: [21, 11] }, enabled: false, severity: null, reason: 'A lab: nothing here is registered' },
      { rule: { id: 'exe-hidden', at: [24, 11] }, enabled: null, severity: 'notice', reason: 'Developers' },
    ],
  };

  it('becomes a document that survives JSON', async () => {
    const parsed = await parsePolicyDocument(text, 'x.yaml');
    expect(parsed.problems).toEqual([]);
    expect(parsed.document).toEqual(document);
    expect(JSON.parse(JSON.stringify(parsed.document))).toEqual(document);
  });

  it('may have neither rules nor exceptions', async () => {
    expect((await parsePolicyDocument('version: 1\n', 'x.yaml')).document).toEqual({ file: 'x.yaml', rules: [], exceptions: [], overrides: [] });
  });
});

describe('a file that is no policy', () => {
  it.each(NO_POLICIES)('%s', async (text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });
});

describe('a rule', () => {
  it('has its needs named all at once', async () => {
    expect(await problemsOf('version: 1\nrules:\n  - {}\n')).toEqual([
      '3:5 a rule needs the key "id"',
      '3:5 a rule needs the key "title"',
      '3:5 a rule needs the key "match"',
      '3:5 a rule needs the key "severity"',
    ]);
  });

  it.each(BAD_RULES)('%s', async (lines, problems) => {
    expect(await problemsOf(withRule(lines))).toEqual(problems);
  });

  it.each(BAD_IDS)('has an id that is an id: %s', async (id, problems) => {
    expect(await problemsOf(withId(id))).toEqual(problems);
  });
});

describe('an exception', () => {
  it.each(BAD_EXCEPTIONS)('%s', async (lines, problems) => {
    expect(await problemsOf(withException(lines))).toEqual(problems);
  });

  it('may expire on a leap day', async () => {
    expect(await problemsOf(withException('    rules: [r]\n    reason: R\n    expires: 2028-02-29\n'))).toEqual([]);
  });
});

describe('an override', () => {
  it.each(BAD_OVERRIDES)('%s', async (override, problems) => {
    expect(await problemsOf(withOverride(override))).toEqual(problems);
  });

  it('may put a disabled rule in force, with another severity', async () => {
    expect(await problemsOf(withOverride('{ rule: r, enabled: true, severity: info, reason: R }'))).toEqual([]);
  });
});

describe('a match', () => {
  it.each(BAD_MATCHES)('%s', async (match, problems) => {
    expect(await problemsOf(withMatch(match))).toEqual(problems);
  });

  it.each(BAD_PORTS)('port: %s', async (port, problems) => {
    expect(await problemsOf(withPort(port))).toEqual(problems);
  });

  it('warns of a process name that Linux cannot have, and goes on', async () => {
    const { document, problems } = await parsePolicyDocument(withMatch('{ process: systemd-resolved }'), 'x.yaml');
    expect(document?.rules).toHaveLength(1);
    expect(problems).toEqual([
      {
        position: { file: 'x.yaml', line: 6, column: 23 },
        message: 'process: Linux keeps 15 bytes of a process\'s name, so "systemd-resolved" never matches there',
        hint: 'Write systemd-resolve, or better exe: with the path, which a process cannot choose.',
        level: 'warning',
        code: 'process-name-too-long',
      },
    ]);
  });

  it('nests 32 levels and no more', async () => {
    const nested = (levels: number): string => '{ not: '.repeat(levels) + '{ port: 1 }' + ' }'.repeat(levels);
    expect(await problemsOf(withMatch(nested(32)))).toEqual([]);
    expect(await problemsOf(withMatch(nested(33)))).toEqual([expect.stringMatching(/^6:\d+ a match nests at most 32 levels of not and any$/)]);
  });
});

describe('a file with faults in many places', () => {
  it('has all of them reported, in order, with what it declares still known', async () => {
    const parsed = await parsePolicyDocument(`${withMatch('{ prot: 1, uid: x }')}  - id: s\n    titel: T\nexceptions: 7\n`, 'x.yaml');
    expect(parsed.document).toBeNull();
    expect(parsed.ids).toEqual({ file: 'x.yaml', rules: [{ id: 'r', at: [3, 9] }, { id: 's', at: [7, 9] }], exceptions: [], overrides: [] });
    expect(parsed.problems.map((problem) => problem.position.line)).toEqual([6, 6, 8, 7, 7, 7, 9]);
  });

  it('stops at 200', async () => {
    const text = `version: 1\nrules: [${'1,'.repeat(20_000)}]\n`;
    const started = performance.now();
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(201);
    expect(problems[200]).toMatch(/too many problems; the rest of this file is not reported$/);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
