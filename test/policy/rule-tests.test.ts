import { describe, expect, it } from 'vitest';
import type { RegisteredListener } from '../../src/model/audit.ts';
import { checkRuleCase, findUntestedRules, parseRuleTests, type RuleTestCase } from '../../src/policy/rule-tests.ts';

async function casesOf(text: string): Promise<readonly RuleTestCase[]> {
  const { cases, problems } = await parseRuleTests(text, 'x.test.yaml');
  expect(problems).toEqual([]);
  return cases!;
}

async function listenerOf(listener: string): Promise<RegisteredListener> {
  const [test] = await casesOf(`version: 1\ncases: [{ name: N, listener: ${listener}, expect: { r: none } }]\n`);
  return test!.listener;
}

async function problemsOf(listener: string, expectation = '{ r: none }'): Promise<readonly string[]> {
  const text = `version: 1\ncases:\n  - name: N\n    expect: ${expectation}\n    listener: ${listener}\n`;
  const { cases, problems } = await parseRuleTests(text, 'x.test.yaml');
  expect(cases).toBeNull();
  return problems.map(({ position, message }) => `${position.line ?? '-'}:${position.column ?? '-'} ${message}`);
}

describe('the listener of a rule test', () => {
  it('is filled with sensible defaults', async () => {
    expect(await listenerOf('{ protocol: tcp, address: 192.168.1.5, port: 22, service: ssh, owners: [{ exe: /usr/sbin/a-very-long-name-indeed, user: root, uid: 0 }] }')).toEqual({
      id: 'test:tcp:192.168.1.5:22',
      protocol: 'tcp',
      family: 'ipv4',
      address: '192.168.1.5',
      port: 22,
      ipProtocol: null,
      scope: 'private',
      interface: null,
      dualStack: false,
      sockets: 1,
      netns: { inode: 1, name: 'host' },
      ephemeral: false,
      socketUid: 0,
      socketUser: 'root',
      ownerKind: 'process',
      ownerNote: null,
      owners: [
        {
          pid: 1000,
          name: 'a-very-long-nam',
          exe: '/usr/sbin/a-very-long-name-indeed',
          exeDeleted: false,
          exeReplaced: false,
          exeForeign: false,
          commandLine: null,
        script: null,
          uid: 0,
          user: 'root',
          unit: null,
          innerUnit: null,
          container: null,
          startedAt: null,
        },
      ],
      activation: null,
      registry: { status: 'assigned', range: 'system', service: 'ssh', aliases: [], since: null, former: null },
    });
  });

  it.each([
    [8080, 'unassigned', 'user'],
    [49151, 'unassigned', 'user'],
    [49152, 'dynamic', 'dynamic'],
    [1023, 'unassigned', 'system'],
  ])('port %i is %s and in the %s range unless told otherwise', async (port, status, range) => {
    expect((await listenerOf(`{ protocol: udp, address: "::", port: ${port}, ownerReason: no-holder }`)).registry).toMatchObject({ status, range });
  });

  it('takes what is told, and null for what a host does not tell', async () => {
    const listener = await listenerOf(
      '{ protocol: udp, address: "::1", port: 9, scope: public, status: reserved, ephemeral: null, ownerKind: kernel, activation: { unit: a.socket } }',
    );
    expect(listener).toMatchObject({ family: 'ipv6', scope: 'public', ephemeral: null, ownerKind: 'kernel', ownerNote: { code: 'kernel' }, activation: { unit: 'a.socket', service: null } });
    expect((await listenerOf('{ protocol: raw, address: 0.0.0.0, ipProtocol: 58, ownerReason: no-privilege }'))).toMatchObject({ port: null, ipProtocol: 58, registry: null });
  });

  it('takes what only some hosts and policies look at: package, age, peers', async () => {
    const text = `version: 1\ncases: [{ name: N, listener: { protocol: tcp, address: "::1", port: 1, peers: true, owners: [{ name: a, exePackage: none, age: 2h }, { name: b, exePackage: nginx }] }, expect: { r: none } }]\n`;
    const { cases } = await parseRuleTests(text, 'x.test.yaml', new Date('2026-11-22T12:00:00.000Z'));
    expect(cases?.[0]?.listener).toMatchObject({ peers: true, owners: [{ exePackage: null, startedAt: '2026-11-22T10:00:00.000Z' }, { exePackage: 'nginx', startedAt: null }] });
    expect(await problemsOf('{ protocol: tcp, address: "::1", port: 1, owners: [{ name: x, age: 5 }] }')).toEqual(['5:82 age: expected an age like 90s, 10m, 5h or 30d, found the number 5']);
  });

  it.each([
    ['{ protocol: tcp, port: 1, ownerReason: no-holder }', '5:15 a listener needs the key "address"'],
    ['{ protocol: tcp, address: "::1", ownerReason: no-holder }', '5:15 a listener needs the key "port"'],
    ['{ protocol: raw, address: "::1", port: 1, ownerReason: no-holder }', '5:15 a raw socket has no port'],
    ['{ protocol: tcp, address: "::1", port: 1 }', '5:15 nothing says who holds the listener'],
    ['{ protocol: tcp, address: "::1", port: 1, ownerKind: process }', '5:15 a listener of owner kind process has owners'],
    ['{ protocol: tcp, address: "::1", port: 1, ownerKind: kernel, owners: [{ name: x }] }', '5:15 a listener of owner kind kernel has no owners'],
    ['{ protocol: tcp, address: host, port: 1, ownerReason: no-holder }', '5:41 address: not an IP address'],
    ['{ protocol: tpc, address: "::1", port: 1, ownerReason: no-holder }', '5:27 protocol: expected one of tcp, udp, udplite, sctp, dccp, raw, found the text "tpc"'],
    ['{ protocol: tcp, address: "::1", prot: 1, port: 1, ownerReason: no-holder }', '5:48 a listener has no key "prot"'],
    ['{ protocol: tcp, address: "::1", port: 1, owners: [{ exec: /x, name: x }] }', '5:68 an owner has no key "exec"'],
    ['{ protocol: tcp, address: "::1", port: 1, owners: [{ user: root }] }', '5:66 an owner needs an exe or a name'],
    ['{ protocol: tcp, address: "::1", port: 1, owners: [{ name: x, uid: root }] }', '5:82 uid: expected a number from 0 to 4294967295, found the text "root"'],
    ['{ protocol: tcp, address: "::1", port: 1, owners: [{ name: [x] }] }', '5:74 name: expected text, found a list'],
    ['{ protocol: tcp, address: "::1", port: 1, ownerReason: no-holder, activation: {} }', '5:93 an activation needs the key "unit"'],
    ['[]', '5:15 expected a listener (a mapping), found a list'],
  ])('%s', async (listener, problem) => {
    expect(await problemsOf(listener)).toContain(problem);
  });

  it.each([
    ['[r]', '4:13 expect: expected a mapping of rules, found a list'],
    ['{}', '4:13 expect: expected a mapping of rules, found a mapping'],
    ['{ r: yes }', '4:18 expected one of match, found, excepted, none, found the text "yes"'],
    ['{ r: [match] }', '4:18 expected one of match, found, excepted, none, found a list'],
    ['{ R: match }', '4:15 "R" is not an id: small letters, digits and hyphens, a letter or digit first'],
  ])('expect: %s', async (expectation, problem) => {
    expect(await problemsOf('{ protocol: tcp, address: "::1", port: 1, ownerReason: no-holder }', expectation)).toEqual([problem]);
  });

  it.each([
    ['cases: []\nversion: 1\n', '1:8 there are no cases'],
    ['version: 1\n', '1:1 a file of rule tests needs the key "cases"'],
    ['version: 1\ncases: [{}]\n', '2:9 a case needs the key "name"'],
    ['\t', '1:1 the file is empty'],
  ])('%j', async (text, problem) => {
    const { cases, problems } = await parseRuleTests(text, 'x.test.yaml');
    expect(cases).toBeNull();
    expect(problems.map(({ position, message }) => `${position.line ?? '-'}:${position.column ?? '-'} ${message}`)[0]).toBe(problem);
  });
});

describe('checkRuleCase', () => {
  const known = new Set(['a', 'b', 'c']);
  const finding = (rule: string, excepted: boolean) => ({
    rule,
    severity: 'info' as const,
    title: 'T',
    advice: null,
    references: [],
    attack: [],
    excepted: excepted ? { id: 'e', reason: 'R', expires: null } : null,
  });

  async function check(expectation: string): Promise<readonly string[]> {
    const [test] = await casesOf(`version: 1\ncases: [{ name: N, listener: { protocol: tcp, address: "::1", port: 1, ownerReason: no-holder }, expect: ${expectation} }]\n`);
    return checkRuleCase(test!, [finding('a', false), finding('b', true)], known).map(({ rule, expected, found }) => `${rule} ${expected}: ${found}`);
  }

  it.each([
    ['{ a: match, b: match, c: none }', []],
    ['{ a: found, b: excepted }', []],
    ['{ a: none }', ['a none: found']],
    ['{ a: excepted }', ['a excepted: found']],
    ['{ b: none }', ['b none: excepted']],
    ['{ b: found }', ['b found: excepted']],
    ['{ c: match }', ['c match: none']],
    ['{ c: found }', ['c found: none']],
    ['{ d: none }', ['d none: unknown-rule']],
  ])('%s', async (expectation, messages) => {
    expect(await check(expectation)).toEqual(messages);
  });
});

describe('findUntestedRules', () => {
  it('names the rules without a case that matches, or without one that does not', async () => {
    const listener = '{ protocol: tcp, address: "::1", port: 1, ownerReason: no-holder }';
    const cases = await casesOf(`version: 1
cases:
  - { name: one, listener: ${listener}, expect: { full: match, half: none } }
  - { name: two, listener: ${listener}, expect: { full: none, other: excepted } }
`);
    const position = { file: 'x.yaml', line: 3, column: 9 };
    expect(findUntestedRules(['full', 'half', 'other', 'bare'].map((id) => ({ id, position })), cases)).toEqual([
      { rule: 'half', position, lacks: ['match'] },
      { rule: 'other', position, lacks: ['none'] },
      { rule: 'bare', position, lacks: ['match', 'none'] },
    ]);
  });
});
