import { describe, expect, it } from 'vitest';
import { proposeExceptions, type ProposalChoice } from '../../src/findings/propose-exceptions.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import type { Proposals } from '../../src/model/baseline.ts';
import { aFinding, aListener, anOwner } from '../fixtures/audit-report.ts';

const warned = (partial: Partial<AuditedListener> = {}): AuditedListener => aListener({ findings: [aFinding({ rule: 'odd', severity: 'warning' })], ...partial });

function propose(listeners: readonly AuditedListener[], choice: Partial<ProposalChoice> = {}): Proposals {
  return proposeExceptions(listeners, { minSeverity: 'notice', includeCritical: false, joinPorts: true, takenIds: new Set(), judgedOwners: ({ owners }) => owners, ...choice });
}

function matchOf(listener: AuditedListener, others: readonly AuditedListener[] = []): Readonly<Record<string, unknown>> {
  const { exceptions } = propose([listener, ...others]);
  return Object.fromEntries(exceptions[0]!.match.map(({ field, values }) => [field, values.length === 1 ? values[0] : values]));
}

const reasonsOf = (listener: AuditedListener, choice: Partial<ProposalChoice> = {}) => propose([listener], choice).withheld.map(({ reason }) => reason);

describe('the match that is proposed', () => {
  it('names everything that is known and outlives a restart', () => {
    expect(matchOf(warned({ interface: 'eth0' }))).toEqual({
      protocol: 'tcp',
      port: 22,
      scope: 'wildcard',
      interface: 'eth0',
      exe: '/usr/sbin/sshd',
      user: 'root',
      unit: 'ssh.service',
      container: false,
    });
  });

  it.each<[string, AuditedListener, Readonly<Record<string, unknown>>]>([
    ['the executables and users of all owners', warned({ owners: [anOwner(), anOwner({ exe: '/bin/b', user: 'b' })] }), { exe: ['/usr/sbin/sshd', '/bin/b'], user: ['root', 'b'], unit: 'ssh.service' }],
    ['no pattern where a path looks like one', warned({ owners: [anOwner({ exe: '/a/*[b]{c,d}?\\' })] }), { exe: '/a/\\*\\[b\\]\\{c,d\\}\\?\\\\' }],
    ['the uid where a user has no name', warned({ owners: [anOwner({ user: null, uid: 4711 })] }), { uid: 4711, user: undefined }],
    ['that it runs in a container, whose id changes', warned({ owners: [anOwner({ container: 'a'.repeat(64), unit: null })] }), { container: true, unit: undefined }],
    ['the name of a container that has one', warned({ owners: [anOwner({ container: 'web', unit: null })] }), { container: 'web' }],
    ['the kind of a scope whose number changes', warned({ owners: [anOwner({ unit: 'session-31.scope' })] }), { unit: 'session-*.scope' }],
    ['no unit where one owner has none', warned({ owners: [anOwner(), anOwner({ unit: null })] }), { unit: undefined }],
    ['the kernel', warned({ ownerKind: 'kernel', ownerNote: { code: 'kernel', detail: 'nfsd' }, owners: [] }), { ownerKind: 'kernel', port: 22, exe: undefined }],
    ['no port of a raw socket', warned({ protocol: 'raw', port: null, ipProtocol: 58 }), { protocol: 'raw', port: undefined, exe: '/usr/sbin/sshd' }],
    ['the socket unit while its service does not run', warned({ activation: { unit: 'a.socket', service: 'a.service' }, owners: [anOwner({ pid: 1, exe: '/usr/lib/systemd/systemd' })] }), { activated: true, exe: undefined }],
    ['the service too while it runs', warned({ activation: { unit: 'a.socket', service: 'a.service' }, owners: [anOwner({ pid: 1, exe: '/usr/lib/systemd/systemd' }), anOwner()] }), { activated: true, exe: ['/usr/lib/systemd/systemd', '/usr/sbin/sshd'] }],
  ])('names %s', (_what, listener, fields) => {
    const match = matchOf(listener);
    expect(Object.fromEntries(Object.keys(fields).map((field) => [field, match[field]]))).toEqual(fields);
  });

  it('names the network namespace only where the scan saw several, and where the name lasts', () => {
    const elsewhere = aListener({ netns: { inode: 2, name: 'blue' } });
    expect(matchOf(warned())).not.toHaveProperty('netns');
    expect(matchOf(warned(), [elsewhere])).toHaveProperty('netns', 'host');
    expect(matchOf(warned({ netns: { inode: 3, name: 'unnamed#2' } }), [elsewhere])).not.toHaveProperty('netns');
  });
});

describe('what is proposed', () => {
  it('is one exception for one program on several ports, if the rules are the same', () => {
    const other = { findings: [aFinding({ rule: 'other', severity: 'warning' })] };
    const { exceptions } = propose([warned({ port: 9001 }), warned({ port: 9000 }), warned({ port: 9000, address: '::' }), warned({ port: 9002, ...other })]);
    expect(exceptions.map(({ id, rules, match }) => [id, rules, match.find(({ field }) => field === 'port')?.values])).toEqual([
      ['allow-9000-and-1-more-tcp-sshd', ['odd'], [9000, 9001]],
      ['allow-9002-tcp-sshd', ['other'], [9002]],
    ]);
    expect(exceptions[0]?.listeners).toHaveLength(3);
  });

  it('is one exception for each port where they are to be looked at one by one', () => {
    const { exceptions } = propose([warned({ port: 9001 }), warned({ port: 9000 }), warned({ port: 9000, address: '::' })], { joinPorts: false });
    expect(exceptions.map(({ id, listeners }) => [id, listeners.length])).toEqual([['allow-9001-tcp-sshd', 1], ['allow-9000-tcp-sshd', 2]]);
  });

  it('leaves out what is silenced already or below the severity asked for', () => {
    const mild = aFinding({ rule: 'mild', severity: 'info' });
    const silenced = aFinding({ rule: 'silenced', severity: 'error', excepted: { id: 'e', reason: 'r', expires: null } });
    const listener = warned({ findings: [silenced, aFinding({ rule: 'odd', severity: 'warning' }), mild] });
    expect(propose([listener]).exceptions.map(({ rules }) => rules)).toEqual([['odd']]);
    expect(propose([listener], { minSeverity: 'info' }).exceptions.map(({ rules }) => rules)).toEqual([['odd', 'mild']]);
    expect(propose([listener], { minSeverity: 'error' })).toEqual({ exceptions: [], withheld: [] });
  });

  it('has ids that are taken nowhere', () => {
    const taken = new Set(['allow-22-tcp-sshd', 'allow-22-tcp-sshd-2']);
    expect(propose([warned(), warned({ scope: 'loopback' })], { takenIds: taken }).exceptions.map(({ id }) => id)).toEqual(['allow-22-tcp-sshd-3', 'allow-22-tcp-sshd-4']);
  });
});

describe('what is withheld', () => {
  it.each<[string, AuditedListener]>([
    ['Its owner is unknown: closed to this user.', warned({ ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'closed to this user' }, owners: [] })],
    ['The executable of process 7 could not be read; run it as root.', warned({ owners: [anOwner(), anOwner({ pid: 7, exe: null })] })],
    ['The executable of process 812 has no absolute path.', warned({ owners: [anOwner({ exe: 'sshd' })] })],
    ['The path of the executable of process 812 is not UTF-8, so that no policy can name it.', warned({ owners: [anOwner({ exe: '/bin/\ufffd' })] })],
    ['Process 812 runs another file than the one at /usr/sbin/sshd on this host.', warned({ owners: [anOwner({ exeForeign: true })] })],
    ['Whether process 812 runs the file at /usr/sbin/sshd on this host was not looked at: its file system may never answer.', warned({ owners: [anOwner({ exeForeign: null })] })],
    ['The owner of one of its sockets is unknown: left.', warned({ ownerNote: { code: 'process-left', detail: 'left' } })],
    ['The path of the executable of process 812 is longer than a policy takes.', warned({ owners: [anOwner({ exe: `/${'*'.repeat(300)}` })] })],
  ])('%s', (reason, listener) => {
    expect(reasonsOf(listener)).toEqual([reason]);
    expect(reasonsOf(listener, { includeCritical: true })).toEqual([reason]);
  });

  it.each<[string, AuditedListener]>([
    ['Process 812 runs from memory, not from a file.', warned({ owners: [anOwner({ exe: '/memfd:x', exeDeleted: true })] })],
    ['The executable of process 812 was deleted.', warned({ owners: [anOwner({ exeDeleted: true })] })],
    ['Process 812 still runs what an upgrade has replaced; restart it and scan again.', warned({ owners: [anOwner({ exeDeleted: true, exeReplaced: true })] })],
    ['bad is critical: look at it before anything of it is silenced.', warned({ findings: [aFinding({ rule: 'bad', severity: 'critical' }), aFinding({ rule: 'odd', severity: 'warning' })] })],
  ])('unless asked for: %s', (reason, listener) => {
    expect(reasonsOf(listener)).toEqual([reason]);
    expect(propose([listener], { includeCritical: true })).toMatchObject({ exceptions: [{ id: expect.stringMatching(/^allow-22-tcp-/) as string }], withheld: [] });
  });

  it('is what finds fault with the executable itself, and no more', () => {
    const findings = ['odd', 'exe-temporary-exposed', 'exe-hidden'].map((rule) => aFinding({ rule, severity: 'warning' }));
    const { exceptions, withheld } = propose([warned({ findings })]);
    expect(exceptions.map(({ rules }) => rules)).toEqual([['odd']]);
    expect(withheld.map(({ rules, reason }) => [rules, reason])).toEqual([[['exe-temporary-exposed', 'exe-hidden'], 'exe-temporary-exposed, exe-hidden: what is wrong is the program itself.']]);
    expect(propose([warned({ findings })], { includeCritical: true }).exceptions.map(({ rules }) => rules)).toEqual([['odd', 'exe-temporary-exposed', 'exe-hidden']]);
  });

  it('takes along what no exception could tell from it', () => {
    const { exceptions, withheld } = propose([warned({ address: '10.0.0.1' }), warned({ id: 'gone', address: '10.0.0.2', owners: [anOwner({ exeDeleted: true })] })]);
    expect(exceptions).toEqual([]);
    expect(withheld.map(({ reason }) => reason)).toEqual(['The executable of process 812 was deleted.', 'An exception for it would silence another as well that is withheld: gone.']);
  });

  it('takes along what only a rule in between connects', () => {
    const rules = (...names: string[]) => names.map((rule) => aFinding({ rule, severity: 'warning' }));
    const { exceptions, withheld } = propose([
      warned({ id: 'a', findings: rules('one') }),
      warned({ id: 'b', findings: rules('one', 'two') }),
      warned({ id: 'c', findings: rules('two'), owners: [anOwner({ exeDeleted: true })] }),
    ]);
    expect(exceptions).toEqual([]);
    expect(withheld.map(({ listener }) => listener.id)).toEqual(['c', 'b', 'a']);
  });
});
