import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegisteredListener } from '../../src/model/audit.ts';
import type { Truth } from '../../src/model/policy.ts';
import { compileMatch } from '../../src/policy/compile-match.ts';
import type { ConditionDocument } from '../../src/policy/document.ts';
import { matcherOf, ownerless, sampleListener, sampleOwner } from './sample-listener.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

describe('fields, not and any', () => {
  const unknownEphemeral = sampleListener({ ephemeral: null });

  it.each<[string, Truth]>([
    ['{ port: 1302, protocol: tcp }', 'true'],
    ['{ port: 1302, protocol: udp }', 'false'],
    ['{ port: 1302, ephemeral: true }', 'unknown'],
    ['{ port: 22, ephemeral: true }', 'false'],
    ['{ not: { port: 22 } }', 'true'],
    ['{ not: { port: 1302 } }', 'false'],
    ['{ not: { ephemeral: true } }', 'unknown'],
    ['{ not: { port: 1302, ephemeral: true } }', 'unknown'],
    ['{ not: { port: 22, ephemeral: true } }', 'true'],
    ['{ not: [{ port: 22 }, { protocol: udp }] }', 'true'],
    ['{ not: [{ port: 22 }, { protocol: tcp }] }', 'false'],
    ['{ not: [{ port: 22 }, { ephemeral: true }] }', 'unknown'],
    ['{ any: [{ port: 22 }, { protocol: tcp }] }', 'true'],
    ['{ any: [{ port: 22 }, { protocol: udp }] }', 'false'],
    ['{ any: [{ port: 22 }, { ephemeral: true }] }', 'unknown'],
    ['{ any: [{ ephemeral: true }, { protocol: tcp }] }', 'true'],
    ['{ any: [{ not: { any: [{ port: 22 }] } }], protocol: tcp }', 'true'],
    ['{ not: { not: { ephemeral: true } } }', 'unknown'],
  ])('%s: %s', async (match, truth) => {
    expect((await matcherOf(match)).matchesAny(unknownEphemeral)).toBe(truth);
  });
});

describe('a port by its name', () => {
  const ssh = sampleListener({ port: 22, registry: { status: 'assigned', range: 'system', service: 'ssh', aliases: ['secure-shell'], since: null, former: null } });

  it.each<[string, Truth]>([
    ['{ port: ssh }', 'true'],
    ['{ port: SSH }', 'true'],
    ['{ port: secure-shell }', 'true'],
    ['{ port: sshd }', 'false'],
    ['{ port: [ssh, 8022] }', 'true'],
    ['{ port: [8022, ssh] }', 'true'],
    ['{ port: [http, 20-22] }', 'true'],
    ['{ port: [http, 8022] }', 'false'],
    ['{ not: { port: [ssh, 8022] } }', 'false'],
    ['{ port: [ssh, 8022], protocol: udp }', 'false'],
  ])('%s: %s', async (match, truth) => {
    expect((await matcherOf(match)).matchesAny(ssh)).toBe(truth);
  });

  it('is unknown where the registry says nothing', async () => {
    expect((await matcherOf('{ port: ssh }')).matchesAny(sampleListener({ port: 22, registry: null }))).toBe('unknown');
  });
});

describe('owners', () => {
  const good = sampleOwner();
  const bad = sampleOwner({ pid: 900, name: 'x', exe: '/tmp/x' });
  const unread = sampleOwner({ pid: 901, exe: null });

  it.each<[string, RegisteredListener['owners'], any: Truth, all: Truth]>([
    ['{ exe: /opt/** }', [good, good], 'true', 'true'],
    ['{ exe: /opt/** }', [good, bad], 'true', 'false'],
    ['{ exe: /opt/** }', [good, unread], 'true', 'unknown'],
    ['{ exe: /opt/** }', [bad, unread], 'unknown', 'false'],
    ['{ exe: /opt/** }', [bad, bad], 'false', 'false'],
    ['{ exe: /opt/**, port: 22 }', [good, unread], 'false', 'false'],
    ['{ exe: /opt/**, process: x }', [good, bad], 'false', 'false'],
    ['{ not: { exe: /opt/** } }', [good, bad], 'true', 'false'],
    ['{ not: { exe: /opt/** } }', [unread], 'unknown', 'unknown'],
  ])('%s: some, all', async (match, owners, any, all) => {
    const matcher = await matcherOf(match);
    expect(matcher.matchesAny(sampleListener({ owners }))).toBe(any);
    expect(matcher.matchesAll(sampleListener({ owners }))).toBe(all);
  });

  it('one owner has to fulfil the whole match: halves of two do not add up', async () => {
    const matcher = await matcherOf('{ exe: /opt/**, user: root }');
    const owners = [sampleOwner(), sampleOwner({ exe: '/tmp/x', user: 'root' })];
    expect(matcher.matchesAny(sampleListener({ owners }))).toBe('false');
  });

  it('unknown owners leave what asks for them unknown, and the rest decided', async () => {
    expect((await matcherOf('{ port: 1302, not: { exe: /opt/** } }')).matchesAny(ownerless())).toBe('unknown');
    expect((await matcherOf('{ port: 1302, ownerKind: unknown, user: licd }')).matchesAll(ownerless())).toBe('true');
  });
});

describe('the service manager beside an activated service', () => {
  const sshd = sampleOwner({ name: 'sshd', exe: '/usr/sbin/sshd' });
  const activation = { unit: 'ssh.socket', service: 'ssh.service' };

  async function judge(changes: Partial<RegisteredListener>): Promise<Truth> {
    return (await matcherOf('{ exe: /usr/sbin/sshd }')).matchesAll(sampleListener({ activation, ...changes }));
  }

  it.each([
    ['the manager as root sees it', { pid: 1, name: 'systemd', exe: '/usr/lib/systemd/systemd' }],
    ['the manager as others see it', { pid: 1, name: 'systemd', exe: null }],
    ['the manager of another layout', { pid: 1, name: 'systemd', exe: '/nix/store/abc-systemd/lib/systemd/systemd' }],
    ["a user's manager", { pid: 4000, name: 'systemd', exe: '/lib/systemd/systemd' }],
  ])('%s is not judged', async (_, manager) => {
    expect(await judge({ owners: [sampleOwner(manager), sshd] })).toBe('true');
  });

  it.each([
    ['a process that calls itself systemd', { pid: 4000, name: 'systemd', exe: '/tmp/systemd' }],
    ['a copy under another path', { pid: 4000, name: 'systemd', exe: '/tmp/usr/lib/systemd/systemd' }],
    ['another first process', { pid: 1, name: 'tini', exe: '/sbin/tini' }],
  ])('%s is judged', async (_, impostor) => {
    expect(await judge({ owners: [sampleOwner(impostor), sshd] })).toBe('false');
  });

  it('is judged where it is the only owner, and where nothing was activated', async () => {
    const manager = sampleOwner({ pid: 1, name: 'systemd', exe: '/usr/lib/systemd/systemd' });
    expect(await judge({ owners: [manager] })).toBe('false');
    expect(await judge({ owners: [manager, sshd], activation: null })).toBe('false');
  });
});

describe('an explanation', () => {
  it('names the first condition, as written, that failed', async () => {
    const matcher = await matcherOf('{ exe: "/opt/**", port: 1302, scope: loopback, protocol: udp }');
    expect(matcher.explain(sampleListener())).toEqual({
      truth: 'false',
      condition: 'scope',
      position: { file: 'sample.yaml', line: 2, column: 93 },
    });
  });

  it('names a nested condition by its key, and what is not known', async () => {
    expect((await matcherOf('{ not: { port: 1302 } }')).explain(sampleListener())).toMatchObject({ truth: 'false', condition: 'not' });
    expect((await matcherOf('{ port: 1302, exe: /x }')).explain(ownerless())).toMatchObject({ truth: 'unknown', condition: 'exe' });
  });

  it('blames nothing where the match holds', async () => {
    expect((await matcherOf('{ port: 1302 }')).explain(sampleListener())).toEqual({ truth: 'true', condition: null, position: null });
  });

  it('looks at the owner who comes nearest', async () => {
    const owners = [sampleOwner({ exe: '/tmp/x' }), sampleOwner({ user: null })];
    const matcher = await matcherOf('{ exe: /opt/**, user: root }');
    expect(matcher.explain(sampleListener({ owners }))).toMatchObject({ truth: 'unknown', condition: 'user' });
  });
});

describe('any tree of conditions', () => {
  const at = [1, 1] as const;
  const field = (name: string, ...values: (string | number | boolean)[]): ConditionDocument => ({ kind: 'field', field: name, values, at });
  const leaf = fc.constantFrom(
    field('port', 1302),
    field('port', 22, '1-100'),
    field('ephemeral', true),
    field('scope', 'wildcard'),
    field('exe', '/opt/**'),
    field('uid', 0),
    field('user', 'licd'),
    field('container', true),
  );
  const tree = fc.letrec<{ node: ConditionDocument }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.record({
        kind: fc.constantFrom('all' as const, 'any' as const, 'not' as const),
        conditions: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
        at: fc.constant(at),
      }),
    ),
  })).node;
  const owner = fc.record({ exe: fc.constantFrom(null, '/opt/a', '/tmp/b'), uid: fc.constantFrom(null, 0, 990), user: fc.constantFrom(null, 'licd', 'root'), container: fc.constantFrom(null, 'web') });
  const listener = fc
    .record({ port: fc.constantFrom(null, 22, 1302), ephemeral: fc.constantFrom(null, true, false), owners: fc.array(owner.map(sampleOwner), { maxLength: 3 }) })
    .map(sampleListener);

  const rank = { false: 0, unknown: 1, true: 2 } as const;
  const order: readonly Truth[] = ['false', 'unknown', 'true'];

  /** The definition, written out: and is the least, or the greatest, not turns around. */
  function naive(condition: ConditionDocument, subject: RegisteredListener): Truth {
    if (condition.kind === 'field') return compileMatch(condition, 'x').matchesAny(subject);
    const ranks = condition.conditions.map((part) => rank[naive(part, subject)]);
    if (condition.kind === 'all') return order[Math.min(...ranks)]!;
    const greatest = Math.max(...ranks);
    return order[condition.kind === 'any' ? greatest : 2 - greatest]!;
  }

  it('means what the definition says, for some owner and for all', () => {
    fc.assert(
      fc.property(tree, listener, (condition, subject) => {
        const matcher = compileMatch(condition, 'x');
        const subjects = subject.owners.length === 0 ? [subject] : subject.owners.map((one) => ({ ...subject, owners: [one] }));
        const ranks = subjects.map((one) => rank[naive(condition, one)]);
        expect(matcher.matchesAny(subject)).toBe(order[Math.max(...ranks)]);
        expect(matcher.matchesAll(subject)).toBe(order[Math.min(...ranks)]);
        expect(matcher.explain(subject).truth).toBe(order[Math.max(...ranks)]);
        expect(matcher.explain(subject).condition === null).toBe(Math.max(...ranks) === 2);
      }),
      options,
    );
  });
});

describe('an exception', () => {
  const [owner] = sampleListener().owners;
  const approves = async (changes: Partial<RegisteredListener>, match = '{ port: 1302, exe: /opt/licd/bin/licd }') => (await matcherOf(match)).matchesAll(sampleListener(changes));

  it('fits by path only where the path is that of this host, or of a container', async () => {
    expect(await approves({})).toBe('true');
    const foreign = { ...owner!, exeForeign: true };
    expect(await approves({ owners: [foreign] })).toBe('unknown');
    expect(await approves({ owners: [foreign] }, '{ port: 1302, not: { exe: /tmp/** } }')).toBe('unknown');
    expect(await approves({ owners: [foreign] }, '{ port: 1302, user: licd }')).toBe('true');
    expect(await approves({ owners: [{ ...foreign, container: 'web' }] })).toBe('true');
  });

  it('does not fit by path where nobody looked whether it is that of this host', async () => {
    const unasked = { ...owner!, exeForeign: null };
    expect(await approves({ owners: [unasked] })).toBe('unknown');
    expect(await approves({ owners: [unasked] }, '{ port: 1302, user: licd }')).toBe('true');
    expect(await approves({ owners: [{ ...unasked, container: 'web' }] })).toBe('true');
  });

  it('does not fit while a socket that shares the port has no owner', async () => {
    expect(await approves({ ownerNote: { code: 'no-holder', detail: 'one of two' } })).toBe('unknown');
  });
});
