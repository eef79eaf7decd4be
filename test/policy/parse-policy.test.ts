import { describe, expect, it } from 'vitest';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';

const HEAD = 'version: 1\nrules:\n  - id: r\n    title: T\n    severity: notice\n';

/** `line:column message (hint)` of each problem. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const { problems } = await parsePolicyDocument(text, 'x.yaml');
  return problems.map(({ position, message, hint }) => `${position.line ?? '-'}:${position.column ?? '-'} ${message}${hint === null ? '' : ` (${hint})`}`);
}

/** Problems of the value of one field of a rule's match, which begins in line 6, column 14 plus the field's name. */
async function matchProblems(match: string): Promise<readonly string[]> {
  return problemsOf(`${HEAD}    match: ${match}\n`);
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
  };

  it('becomes a document that survives JSON', async () => {
    const parsed = await parsePolicyDocument(text, 'x.yaml');
    expect(parsed.problems).toEqual([]);
    expect(parsed.document).toEqual(document);
    expect(JSON.parse(JSON.stringify(parsed.document))).toEqual(document);
  });

  it('may have neither rules nor exceptions', async () => {
    expect((await parsePolicyDocument('version: 1\n', 'x.yaml')).document).toEqual({ file: 'x.yaml', rules: [], exceptions: [] });
  });
});

describe('a file that is no policy', () => {
  it.each([
    ['- a\n', ['1:1 expected a policy file (a mapping), found a list']],
    ['hello\n', ['1:1 expected a policy file (a mapping), found the text "hello"']],
    ['rules: []\n', ['1:1 the file needs the key "version"']],
    ['version: 2\n', ['1:10 this portreeve reads version 1 of the language, found the number 2 (Write version: 1.)']],
    ['version: "1"\n', ['1:10 this portreeve reads version 1 of the language, found the text "1" (Write version: 1.)']],
    ['version: 1.0\n', ['1:10 this portreeve reads version 1 of the language, found the number 1.0 (Write version: 1.)']],
    ['version: 1\nrule: []\n', ['2:1 a policy file has no key "rule" (Did you mean "rules"?)']],
    ['version: 1\n__proto__: []\n', ['2:1 a policy file has no key "__proto__" (Known here: version, rules, exceptions.)']],
    ['version: 1\nrules: { a: 1 }\n', ['2:8 rules must be a list, found a mapping']],
    ['version: 1\nrules:\n', ['2:7 rules must be a list, found nothing']],
    ['version: 1\nrules: [1]\n', ['2:9 expected a rule (a mapping), found the number 1']],
    ['version: 1\nexceptions: [null]\n', ['2:14 expected an exception (a mapping), found nothing']],
  ])('%s', async (text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });
});

describe('a rule', () => {
  const rule = (lines: string): string => `version: 1\nrules:\n  - id: r\n    match: { port: 1 }\n${lines}`;

  it('has its needs named all at once', async () => {
    expect(await problemsOf('version: 1\nrules:\n  - {}\n')).toEqual([
      '3:5 a rule needs the key "id"',
      '3:5 a rule needs the key "title"',
      '3:5 a rule needs the key "match"',
      '3:5 a rule needs the key "severity"',
    ]);
  });

  it.each([
    ['    title: T\n    severty: error\n', ['6:5 a rule has no key "severty" (Did you mean "severity"?)', '3:5 a rule needs the key "severity"']],
    ['    title: T\n    severity: err\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found the text "err"']],
    ['    title: T\n    severity: Error\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found the text "Error" (Did you mean error?)']],
    ['    title: T\n    severity: 3\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found the number 3']],
    ['    title: T\n    severity: [error]\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found a list']],
    ['    title: ""\n    severity: error\n', ['5:12 title must not be empty']],
    ['    title: 1302\n    severity: error\n', ['5:12 title must be text, found the number 1302 (Write "1302" in quotes.)']],
    ['    title: true\n    severity: error\n', ['5:12 title must be text, found true (Write "true" in quotes.)']],
    ['    title: |\n      a\n      b\n    severity: error\n', ['5:12 title must fit on one line']],
    ['    title: "a\\e[31m"\n    severity: error\n', ['5:12 title has the invisible character U+001B in it (Remove it: it can make a terminal show something else than the file says.)']],
    ['    title: "a\\u202eb"\n    severity: error\n', ['5:12 title has the invisible character U+202E in it (Remove it: it can make a terminal show something else than the file says.)']],
    ['    title: T\n    severity: error\n    enabled: no\n', ['7:14 enabled: expected true or false, found the text "no" (YAML 1.2 reads this word as text: write true or false.)']],
    ['    title: T\n    severity: error\n    enabled: [true]\n', ['7:14 enabled: expected true or false, found a list']],
    ['    title: T\n    severity: error\n    attack: T1571\n', ['7:13 attack must be a list, found the text "T1571" (Write attack: [T1571].)']],
    ['    title: T\n    severity: error\n    attack: [T157, T1036.5]\n', [
      '7:14 "T157" is not an ATT&CK technique (Write T1571, or T1571.001 for a sub-technique.)',
      '7:20 "T1036.5" is not an ATT&CK technique (Write T1571, or T1571.001 for a sub-technique.)',
    ]],
    ['    title: T\n    severity: error\n    references: [6335]\n', ['7:18 each item of references must be text, found the number 6335 (Write "6335" in quotes.)']],
    ['    title: T\n    severity: error\n    advice:\n', ['7:12 advice must be text, found nothing']],
  ])('%s', async (lines, problems) => {
    expect(await problemsOf(rule(lines))).toEqual(problems);
  });

  it.each([
    ['De_Assigned', '1:1', '"De_Assigned" is not an id: small letters, digits and hyphens, a letter or digit first (For example: de-assigned)'],
    ['-x', '', '"-x" is not an id: small letters, digits and hyphens, a letter or digit first (For example: x)'],
    ['1302', '', 'id must be text, found the number 1302 (Write "1302" in quotes.)'],
    ['"a b"', '', '"a b" is not an id: small letters, digits and hyphens, a letter or digit first (For example: a-b)'],
  ])('has an id that is an id: %s', async (id, _, problem) => {
    expect(await problemsOf(`version: 1\nrules: [{ id: ${id}, title: T, severity: info, match: { port: 1 } }]\n`)).toEqual([`2:15 ${problem}`]);
  });
});

describe('an exception', () => {
  const exception = (lines: string): string => `version: 1\nexceptions:\n  - id: e\n    match: { port: 1 }\n${lines}`;

  it.each([
    ['', ['3:5 an exception needs the key "rules"', '3:5 an exception needs the key "reason"']],
    ['    rules: []\n    reason: R\n', ['5:12 an exception names the rules that it silences (For example: rules: [de-assigned-exposed])']],
    ['    rules: r\n    reason: R\n', ['5:12 rules must be a list, found the text "r" (Write rules: [r].)']],
    ['    rules: [r]\n    reason: "  "\n', ['6:13 reason must not be empty']],
    ['    rules: [r]\n    reason: R\n    expires: 2027-02-29\n', ['7:14 "2027-02-29" is not a date of the calendar (Write YYYY-MM-DD, like 2027-06-30.)']],
    ['    rules: [r]\n    reason: R\n    expires: 2027-6-30\n', ['7:14 "2027-6-30" is not a date of the calendar (Write YYYY-MM-DD, like 2027-06-30.)']],
    ['    rules: [r]\n    reason: R\n    expires: 20270630\n', ['7:14 expires must be text, found the number 20270630 (Write "20270630" in quotes.)']],
    ['    rules: [r]\n    reason: R\n    expiry: 2027-06-30\n', ['7:5 an exception has no key "expiry" (Did you mean "expires"?)']],
    ['    rules: [r]\n    reason: R\n    owner: 7\n', ['7:12 owner must be text, found the number 7 (Write "7" in quotes.)']],
  ])('%s', async (lines, problems) => {
    expect(await problemsOf(exception(lines))).toEqual(problems);
  });

  it('may expire on a leap day', async () => {
    expect(await problemsOf(exception('    rules: [r]\n    reason: R\n    expires: 2028-02-29\n'))).toEqual([]);
  });
});

describe('a match', () => {
  it.each([
    ['{}', '6:12 an empty match would hold for every listener of every host (Name at least one field, or remove the entry.)'],
    ['[]', '6:12 a match is a mapping of fields, found a list (For example: match: { port: 8080, protocol: tcp })'],
    ['all', '6:12 a match is a mapping of fields, found the text "all" (For example: match: { port: 8080, protocol: tcp })'],
    ['{ prot: 1 }', '6:14 a match has no field "prot" (Did you mean "port"?)'],
    ['{ exedeleted: true }', '6:14 a match has no field "exedeleted" (Did you mean "exeDeleted"?)'],
    ['{ all: [] }', '6:14 a match has no field "all" (Fields of one mapping all have to hold.)'],
    ['{ __proto__: 1 }', '6:14 a match has no field "__proto__" (Known here: status, range, protocol, scope, service, port, address, interface, netns, ephemeral, dualStack, ownerKind, ownerReason, activated, exe, process, user, uid, unit, container, exeDeleted, exeReplaced, not, any.)'],
    ['{ any: { port: 1 } }', '6:19 any must be a list of matches, found a mapping (For example: any: [{ port: 80 }, { port: 443 }])'],
    ['{ any: [] }', '6:19 any needs at least one match'],
    ['{ not: [] }', '6:19 not needs at least one match'],
    ['{ not: {} }', '6:19 an empty match would hold for every listener of every host (Name at least one field, or remove the entry.)'],
    ['{ not: x }', '6:19 a match is a mapping of fields, found the text "x" (For example: match: { port: 8080, protocol: tcp })'],
    ['{ status: asigned }', '6:22 status: expected one of assigned, unassigned, reserved, de-assigned, dynamic, found the text "asigned" (Did you mean assigned?)'],
    ['{ status: [] }', '6:22 status: expected one of assigned, unassigned, reserved, de-assigned, dynamic, found an empty list, which matches nothing'],
    ['{ status: { a: 1 } }', '6:22 status: expected one of assigned, unassigned, reserved, de-assigned, dynamic, found a mapping'],
    ['{ exe: [[/a]] }', '6:20 exe: expected the path of an executable, or a pattern like /opt/**, found a list (Lists do not nest: write the values into one list, or use any:.)'],
    ['{ ephemeral: yes }', '6:25 ephemeral: expected true or false, found the text "yes" (YAML 1.2 reads this word as text: write true or false.)'],
    ['{ ephemeral: [true, false] }', '6:25 ephemeral: expected true or false, found a list'],
    ['{ ephemeral: 1 }', '6:25 ephemeral: expected true or false, found the number 1'],
    ['{ user: 1000 }', '6:20 user: expected text, found the number 1000 (Write "1000" in quotes, or use uid: for a number.)'],
    ['{ user: ~ }', '6:20 user: expected text, found nothing'],
    ['{ user: "" }', '6:20 user: expected text, found empty text'],
    ['{ uid: root }', '6:19 uid: expected a number from 0 to 4294967295, found the text "root"'],
    ['{ uid: -1 }', '6:19 uid: expected a number from 0 to 4294967295, found the number -1'],
    ['{ uid: 4294967296 }', '6:19 uid: expected a number from 0 to 4294967295, found the number 4294967296'],
    ['{ uid: 1.5 }', '6:19 uid: expected a number from 0 to 4294967295, found the number 1.5'],
    ['{ service: 22 }', '6:23 service: expected a service name, found the number 22 (Write "22" in quotes, or use port: for a number.)'],
    ['{ exe: nginx }', '6:19 exe: "nginx" is not an absolute path, so it never matches (Write **/nginx for that name in any folder.)'],
    ['{ exe: ./bin/x }', '6:19 exe: "./bin/x" is not an absolute path, so it never matches (Write **/bin/x for that name in any folder.)'],
    ['{ exe: "/a[b" }', '6:19 exe: "/a[b" is not a pattern: the [ has no ] that ends it (A backslash takes away the special meaning of * ? [ {.)'],
    ['{ container: 7 }', '6:25 container: expected a name or a pattern like nginx*, found the number 7 (Write "7" in quotes.)'],
    ['{ address: localhost }', '6:23 address: "localhost": not an IP address or a network (Write 192.0.2.7, 10.0.0.0/8, ::1 or fd00::/8, without leading zeros.)'],
    ['{ address: 10.1.2.3/8 }', '6:23 address: "10.1.2.3/8": the address has bits set beyond the length of the network (The network is 10.0.0.0/8; for one address leave out the length.)'],
  ])('%s', async (match, problem) => {
    expect(await matchProblems(match)).toEqual([problem]);
  });

  const PORT = 'port: expected a port from 0 to 65535, or a range like 8000-8100, found';

  it.each([
    ['0177', 'port: "0177" is ambiguous: with a leading zero it is octal to some readers (Write it in decimal, without leading zeros.)'],
    ['0o177', 'port: expected a plain decimal number, found "0o177" (Write 127.)'],
    ['0x16', 'port: expected a plain decimal number, found "0x16" (Write 22.)'],
    ['1e3', 'port: expected a plain decimal number, found "1e3" (Write 1000.)'],
    ['22.0', 'port: expected a plain decimal number, found "22.0" (Write 22.)'],
    ['+22', 'port: expected a plain decimal number, found "+22" (Write 22.)'],
    ['1e308', `${PORT} the number 1e308`],
    ['.inf', `${PORT} the number .inf`],
    ['.nan', `${PORT} the number .nan`],
    ['65536', `${PORT} the number 65536`],
    ['-1', `${PORT} the number -1`],
    ['22:22', `${PORT} the text "22:22" (A range is written 8000-8100, several ports [8000, 8001].)`],
    ['80..90', `${PORT} the text "80..90" (A range is written 8000-8100, several ports [8000, 8001].)`],
    ['"22"', `${PORT} the text "22" (Write 22 without quotes.)`],
    ['ssh', `${PORT} the text "ssh" (For the port of a registered service write service: ssh)`],
    ['no', `${PORT} the text "no" (For the port of a registered service write service: no)`],
    ['true', `${PORT} true`],
    ['~', `${PORT} nothing`],
    ['8100-8000', 'port: the range 8100-8000 is the wrong way round (Write 8000-8100.)'],
    ['8000-70000', 'port: the range 8000-70000 goes beyond port 65535'],
    ['080-090', `${PORT} the text "080-090" (A range is written 8000-8100, several ports [8000, 8001].)`],
  ])('port: %s', async (port, problem) => {
    expect(await matchProblems(`{ port: ${port} }`)).toEqual([`6:20 ${problem}`]);
  });

  it('warns of a process name that Linux cannot have, and goes on', async () => {
    const { document, problems } = await parsePolicyDocument(`${HEAD}    match: { process: systemd-resolved }\n`, 'x.yaml');
    expect(document?.rules).toHaveLength(1);
    expect(problems).toEqual([
      {
        position: { file: 'x.yaml', line: 6, column: 23 },
        message: 'process: Linux keeps 15 bytes of a process\'s name, so "systemd-resolved" never matches there',
        hint: 'Write systemd-resolve, or better exe: with the path, which a process cannot choose.',
        level: 'warning',
      },
    ]);
  });

  it('nests 32 levels and no more', async () => {
    const nested = (levels: number): string => '{ not: '.repeat(levels) + '{ port: 1 }' + ' }'.repeat(levels);
    expect(await matchProblems(nested(32))).toEqual([]);
    expect(await matchProblems(nested(33))).toEqual([expect.stringMatching(/^6:\d+ a match nests at most 32 levels of not and any$/)]);
  });
});

describe('a file with faults in many places', () => {
  it('has all of them reported, in order, with what it declares still known', async () => {
    const parsed = await parsePolicyDocument(`${HEAD}    match: { prot: 1, uid: x }\n  - id: s\n    titel: T\nexceptions: 7\n`, 'x.yaml');
    expect(parsed.document).toBeNull();
    expect(parsed.ids).toEqual({ file: 'x.yaml', rules: [{ id: 'r', at: [3, 9] }, { id: 's', at: [7, 9] }], exceptions: [] });
    expect(parsed.problems.map((problem) => problem.position.line)).toEqual([6, 6, 8, 7, 7, 7, 9]);
  });

  it('stops at 200', async () => {
    const text = `version: 1\nrules: [${'1,'.repeat(100_000)}]\n`;
    const started = performance.now();
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(201);
    expect(problems[200]).toMatch(/too many problems; the rest of this file is not reported$/);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
