import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import { aFinding, aListener, anOwner, facts } from '../fixtures/audit-report.ts';
import { CONFIG, HOUR, MINUTE, NEW, SECOND, aHost, netcat, ssh, type Host } from './fixture.ts';

const excepted = { id: 'licence-server', reason: 'r', expires: null };

/** A host on which `nc` has alerted. */
function alerted(listener = netcat(), host = aHost()): Host {
  host.look([]);
  host.look([listener]);
  host.wait(10 * SECOND);
  return host;
}

describe('an alert', () => {
  it('opens when its listener has lived long enough, and is over when it has been gone long enough', () => {
    const host = aHost();
    expect(host.look([])).toEqual([]);
    expect(host.look([netcat()])).toEqual([]);
    expect(host.wait(2999)).toEqual([]);
    expect(host.wait(1)).toEqual(['opened! error 1302']);
    expect(host.look([])).toEqual([]);
    expect(host.wait(29_999)).toEqual([]);
    expect(host.wait(1)).toEqual(['resolved! error 1302']);
    expect(host.log.at(-1)).toMatchObject({ alert: { id: host.log[0]?.alert?.id, openings: 1, resolution: 'closed' } });
    expect(host.book.openAlerts()).toEqual([]);
    expect(host.book.nextDue()).toBeNull();
  });

  it('opens in the same call where it need not settle', () => {
    const host = aHost();
    host.look([]);
    expect(host.look([netcat({ findings: [aFinding({ severity: 'critical' })] })])).toEqual(['opened! critical 1302']);
  });

  it('is one, whatever the number of findings, and names all rules', () => {
    const host = alerted(netcat({ findings: [aFinding(), aFinding({ rule: 'exe-home-exposed', severity: 'warning' }), aFinding({ rule: 'silent', excepted })] }));
    expect(host.log).toHaveLength(1);
    expect(host.log[0]).toMatchObject({ kind: 'opened', severity: 'error', detail: { rules: 'de-assigned-exposed exe-home-exposed' } });
  });

  it.each<[string, Partial<AuditedListener>]>([
    ['another pid', { owners: [anOwner({ pid: 99_999, name: 'renamed', exe: '/usr/bin/nc', unit: 'session-8.scope', startedAt: null })] }],
    ['more sockets', { sockets: 9, id: 'other' }],
    ['an owner out of sight', { ownerKind: 'unknown', ownerNote: { code: 'process-left', detail: '' }, owners: [] }],
    ['an executable that could not be read', { owners: [anOwner({ name: 'nc', exe: null, unit: null })] }],
    ['a milder finding', { findings: [aFinding({ severity: 'notice' })] }],
  ])('says nothing of %s', (_what, partial) => {
    const host = alerted();
    expect(host.look([netcat(partial)])).toEqual([]);
    expect(host.look([netcat()])).toEqual([]);
    expect(host.wait(HOUR)).toEqual([]);
  });

  it.each<[string, Partial<AuditedListener>, string]>([
    ['executable', { owners: [anOwner({ exe: '/tmp/nc', unit: 'session-3.scope' })] }, '/usr/bin/nc > /tmp/nc'],
    ['user', { owners: [anOwner({ exe: '/usr/bin/nc', unit: 'session-3.scope', user: 'ada' })] }, 'root > ada'],
    ['unit', { owners: [anOwner({ exe: '/usr/bin/nc', unit: 'nc.service' })] }, 'session scope > nc.service'],
    ['container', { owners: [anOwner({ exe: '/usr/bin/nc', unit: 'session-3.scope', container: 'web' })] }, '- > web'],
    ['owner', { owners: [], ownerKind: 'unknown', ownerNote: { code: 'no-holder', detail: '' } }, 'process > unknown (no-holder)'],
    ['finding', { findings: [aFinding({ severity: 'critical' })] }, 'de-assigned-exposed (error) > de-assigned-exposed (critical)'],
    ['finding', { findings: [aFinding(), aFinding({ rule: 'new', severity: 'info' })] }, '- > new (info)'],
  ])('tells another %s at once, and when it comes back after a moment', (what, partial, difference) => {
    for (const isGone of [false, true]) {
      const host = alerted();
      if (isGone) {
        host.look([]);
        host.wait(20 * SECOND);
      }
      expect(host.look([netcat(partial)])).toEqual([`changed! ${partial.findings?.[0]?.severity ?? 'error'} 1302`]);
      const { differences } = host.log.at(-1)!;
      expect(differences.map((each) => `${each.what}: ${each.before ?? '-'} > ${each.after ?? '-'}`)).toContain(`${what}: ${difference}`);
      expect(host.look([netcat(partial)])).toEqual([]);
      expect(host.wait(HOUR)).toEqual([]);
    }
  });

  it('tells the owner again who comes back after another', () => {
    const host = alerted();
    expect(host.look([netcat({ owners: [anOwner({ exe: '/tmp/nc' })] })])).toEqual(['changed! error 1302']);
    expect(host.look([netcat()])).toEqual(['changed! error 1302']);
  });

  it('learns who it is for the history only, and tells when it is another then', () => {
    const host = alerted(netcat({ owners: [], ownerKind: 'unknown', ownerNote: { code: 'process-left', detail: '' } }));
    expect(host.look([netcat()])).toEqual(['changed info 1302']);
    expect(host.look([netcat({ owners: [anOwner({ exe: '/tmp/nc' })] })])).toEqual(['changed! error 1302']);
    expect(host.log.at(-1)?.differences[0]).toEqual({ what: 'executable', before: '/usr/bin/nc', after: '/tmp/nc' });
  });

  it('takes children that gave up rights for the same owner, and another program beside it for news', () => {
    const master = anOwner({ exe: '/usr/sbin/nginx' });
    const worker = anOwner({ exe: '/usr/sbin/nginx', user: 'www-data', uid: 33 });
    const host = alerted(netcat({ owners: [master] }));
    expect(host.look([netcat({ owners: [master, worker] })])).toEqual(['changed info 1302']);
    expect(host.look([netcat({ owners: [worker] })])).toEqual([]);
    expect(host.look([netcat({ owners: [master] })])).toEqual([]);
    expect(host.look([netcat({ owners: [master, anOwner({ exe: '/tmp/sh' })] })])).toEqual(['changed! error 1302']);
  });

  it('takes what a whole search finds beside the first owner for known', () => {
    const host = alerted(netcat({ ownersComplete: false }));
    const both = [...netcat().owners, anOwner({ exe: '/usr/bin/helper' })];
    expect(host.look([netcat({ owners: both })])).toEqual(['changed info 1302']);
    expect(host.look([netcat({ owners: [...both, anOwner({ exe: '/tmp/third' })] })])).toEqual(['changed! error 1302']);
  });

  it('tells another program that joins with a socket of its own, though not all processes were asked yet', () => {
    const host = alerted();
    const own = netcat().owners;
    const both = [...own, anOwner({ exe: '/tmp/nc' })];
    // Its owner is found a look later.
    expect(host.look([netcat({ sockets: 2, ownersComplete: false })])).toEqual([]);
    expect(host.look([netcat({ sockets: 2, owners: both, ownersComplete: false })])).toEqual(['changed! error 1302']);
    expect(host.look([netcat({ sockets: 2, owners: both })])).toEqual([]);
    expect(host.look([netcat({ owners: both.slice(1) })])).toEqual([]);
    const workers = alerted(netcat({ ownersComplete: false }));
    expect(workers.look([netcat({ sockets: 4, ownersComplete: false })])).toEqual([]);
    expect(workers.look([netcat({ sockets: 4 })])).toEqual([]);
    expect(workers.look([netcat({ sockets: 4, owners: both, ownersComplete: false })])).toEqual(['changed info 1302']);
  });

  it('knows once a whole search has found no other owner, and tells the next that is handed the socket', () => {
    const host = alerted(netcat({ ownersComplete: false }));
    expect(host.look([netcat()])).toEqual([]);
    expect(host.look([netcat({ owners: [...netcat().owners, anOwner({ exe: '/tmp/nc' })] })])).toEqual(['changed! error 1302']);
  });

  it('is over at once where an exception or the policy silences it, and opens again without it', () => {
    const host = alerted();
    expect(host.look([netcat({ findings: [aFinding({ excepted })] })])).toEqual(['resolved! error 1302']);
    expect(host.log.at(-1)?.alert?.resolution).toBe('excepted');
    expect(host.look([netcat()])).toEqual(['opened! error 1302']);
    expect(host.look([netcat({ findings: [] })])).toEqual(['resolved! error 1302']);
    expect(host.log.at(-1)?.alert?.resolution).toBe('policy');
  });

  it('does not repeat a rule that comes and goes, until a reminder has told how things stand', () => {
    const host = alerted();
    const both = netcat({ findings: [aFinding({ rule: 'has-peers', severity: 'critical' }), aFinding()] });
    expect(host.look([both])).toEqual(['changed! critical 1302']);
    expect(host.look([netcat()])).toEqual([]);
    expect(host.look([{ ...both }])).toEqual([]);
    expect(host.look([netcat()])).toEqual([]);
    expect(host.wait(25 * HOUR)).toEqual(['reminder! error 1302']);
    expect(host.look([both])).toEqual(['changed! critical 1302']);
    host.look([]);
    expect(host.wait(MINUTE)).toEqual(['resolved! critical 1302']);
  });

  it('is not opened by a restart of the service, however often, and says how often it was', () => {
    const host = alerted(netcat(), aHost({ flapping: { openings: 100, within: HOUR } }));
    for (let i = 0; i < 10; i++) {
      expect(host.look([])).toEqual([]);
      expect(host.wait(29 * SECOND)).toEqual([]);
      expect(host.look([netcat()])).toEqual([]);
      expect(host.wait(MINUTE)).toEqual([]);
    }
    expect(host.wait(25 * HOUR)).toEqual(['reminder! error 1302']);
    expect(host.log.at(-1)?.alert?.openings).toBe(11);
  });

  it('counts a restart that no look caught, as it counts one that a look did', () => {
    const host = alerted();
    expect(host.lookAnew([netcat()])).toEqual([]);
    expect(host.book.openAlerts()).toMatchObject([{ alert: { openings: 2 } }]);
    expect(host.look([netcat()])).toEqual([]);
    expect(host.book.openAlerts()).toMatchObject([{ alert: { openings: 2 } }]);
    expect(host.lookAnew([netcat(), netcat({ port: 1303 })])).toEqual([]);
    expect(host.book.openAlerts()).toMatchObject([{ alert: { openings: 3 } }]);
  });

  it('needs one listener that lived long enough: those before it at its place, however closely, are told as passing', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat()]);
    host.wait(2 * SECOND);
    expect(host.lookAnew([netcat()])).toEqual(['transient! error 1302']);
    expect(host.log.at(-1)?.detail).toMatchObject({ livedMs: 2 * SECOND });
    expect(host.wait(2 * SECOND)).toEqual([]);
    expect(host.wait(SECOND)).toEqual(['opened! error 1302']);
    expect(host.book.openAlerts()).toMatchObject([{ alert: { openings: 1 } }]);
  });

  it('is not opened anew by the first look of another daemon, to which every socket is new', () => {
    const host = alerted();
    host.restart();
    expect(host.lookAnew([netcat()])).toEqual([]);
    expect(host.book.openAlerts()).toMatchObject([{ alert: { openings: 1 } }]);
  });

  it('tells two places of one port apart, and namespaces', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat(), netcat({ address: '127.0.0.1', scope: 'loopback' }), netcat({ netns: { inode: 7, name: 'web' } }), netcat({ protocol: 'udp' }), netcat({ interface: 'eth0' })]);
    expect(host.wait(MINUTE)).toEqual(Array.from({ length: 5 }, () => 'opened! error 1302'));
    expect(new Set(host.log.map(({ alert }) => alert?.id)).size).toBe(5);
  });

  it('tells two listeners of one place apart by their order', () => {
    const unnamed = (exe: string) => netcat({ netns: { inode: null, name: null }, owners: [anOwner({ exe, startedAt: NEW })] });
    const host = aHost();
    host.look([]);
    const [one, other] = [unnamed('/a'), unnamed('/b')];
    host.look([one, other]);
    expect(host.wait(MINUTE)).toEqual(['opened! error 1302', 'opened! error 1302']);
    expect(host.look([{ ...one }, { ...other }])).toEqual([]);
  });

  it('is for a raw socket too', () => {
    const raw = (ipProtocol: number) => netcat({ protocol: 'raw', port: null, ipProtocol, registry: null });
    const host = alerted(raw(1));
    host.look([raw(1), raw(89)]);
    expect(host.wait(MINUTE)).toEqual(['opened! error raw']);
  });
});

describe('absence', () => {
  it('proves nothing in a namespace that was not read whole', () => {
    const host = alerted(netcat({ netns: { inode: 7, name: 'web' } }));
    const inWeb = ({ netns }: AuditedListener): boolean => netns.name === 'web';
    expect(host.look([], inWeb)).toEqual([]);
    expect(host.wait(HOUR)).toEqual([]);
    host.look([]);
    expect(host.look([], inWeb)).toEqual([]);
    expect(host.wait(HOUR)).toEqual([]);
    expect(host.look([])).toEqual(['resolved! error 1302']);
  });
});

describe('the first look', () => {
  const old = anOwner({ exe: '/usr/bin/nc', startedAt: '2026-11-20T06:00:00.000Z' });

  it('tells what has long been there at once, and says so', () => {
    const host = aHost();
    expect(host.look([netcat({ owners: [old] }), ssh({ owners: [old] }), netcat({ port: 1303 })])).toEqual(['listening info 22', 'opened! error 1302']);
    expect(host.log.at(-1)?.detail).toMatchObject({ atStart: true, since: '2026-11-20T06:00:00.000Z' });
    expect(host.wait(MINUTE)).toEqual(['opened! error 1303']);
  });

  it('lets no clock that was set back make a process older or younger than it can be', () => {
    const host = aHost();
    expect(host.look([netcat({ owners: [anOwner({ startedAt: '2099-01-01T00:00:00.000Z' })] }), netcat({ port: 1303, owners: [anOwner({ startedAt: 'nonsense' })] })])).toEqual([]);
    expect(host.wait(MINUTE)).toEqual(['opened! error 1302', 'opened! error 1303']);
  });
});

describe('a reminder', () => {
  it('comes each time that nothing was told for so long, and never where none is wanted', () => {
    const host = alerted();
    expect(host.wait(50 * HOUR)).toEqual(['reminder! error 1302', 'reminder! error 1302']);
    expect(alerted(netcat(), aHost({ reminder: null })).wait(1000 * HOUR)).toEqual([]);
  });

  it('is told one by one up to the bound of a storm, and the rest as a number', () => {
    const host = aHost({ storm: { alerts: 3, within: SECOND } });
    host.look([]);
    for (let port = 1; port <= 8; port++) host.look(Array.from({ length: port }, (_, index) => netcat({ port: index + 1, findings: [aFinding({ severity: 'critical' })] })));
    host.clock.pass(25 * HOUR);
    expect(host.write(host.book.elapse()).filter((told) => told.startsWith('reminder'))).toEqual(['reminder! critical 1', 'reminder! critical 2', 'reminder! critical 3', 'reminder! critical x5']);
    expect(host.wait(HOUR)).toEqual([]);
  });
});

describe('the wall clock', () => {
  it('raises nothing and loses nothing when it is set back and forth', () => {
    const host = alerted();
    for (const jump of [HOUR, -HOUR, -HOUR, HOUR, -1000 * HOUR, 1000 * HOUR]) {
      host.clock.set(jump);
      expect(host.look([netcat()])).toEqual([]);
      expect(host.wait(MINUTE)).toEqual([]);
    }
    host.clock.set(-HOUR);
    host.look([netcat(), netcat({ port: 1303 })]);
    host.clock.set(HOUR);
    expect(host.wait(3 * SECOND)).toEqual(['opened! error 1303']);
    expect(host.wait(25 * HOUR)).toEqual(['reminder! error 1302', 'reminder! error 1303']);
  });

  it('set back between two runs makes no reminder immediate, and set forth no more than one', () => {
    for (const [jump, told] of [[-100 * HOUR, []], [100 * HOUR, ['reminder! error 1302']]] as const) {
      const host = alerted();
      host.wait(HOUR);
      const saved = host.book.save();
      host.clock.set(jump);
      host.clock.boot();
      host.restart(saved);
      expect(host.look([netcat()])).toEqual(told);
      expect(host.wait(22 * HOUR)).toEqual([]);
      expect(host.wait(25 * HOUR).length).toBeGreaterThan(0);
    }
  });
});

describe('a listener without a finding', () => {
  it('is recorded when it has settled, when its owner changes, and when it is gone', () => {
    const host = aHost();
    host.look([]);
    host.look([ssh()]);
    expect(host.wait(MINUTE)).toEqual(['listening info 22']);
    expect(host.look([ssh({ owners: [anOwner({ exe: '/tmp/sshd' })] })])).toEqual(['changed info 22']);
    expect(host.log.at(-1)?.differences).toEqual([{ what: 'executable', before: '/usr/sbin/sshd', after: '/tmp/sshd' }]);
    expect(host.look([])).toEqual([]);
    expect(host.wait(MINUTE)).toEqual(['closed info 22']);
    expect(host.log.map(({ audience }) => audience)).toEqual(['record', 'record', 'record']);
  });

  it('alerts at once when it gets one: it has long lived', () => {
    const host = aHost();
    host.look([]);
    host.look([ssh()]);
    host.wait(MINUTE);
    expect(host.look([ssh({ findings: [aFinding()] })])).toEqual(['opened! error 22']);
  });
});

describe('ports that the host gives out', () => {
  const java = (port: number, partial: Partial<AuditedListener> = {}): AuditedListener =>
    aListener({ port, ephemeral: true, registry: facts({ status: 'dynamic', range: 'dynamic', service: null }), owners: [anOwner({ name: 'java', exe: '/usr/bin/java', unit: 'tomcat.service', startedAt: NEW })], findings: [aFinding({ rule: 'ephemeral-exposed', severity: 'notice' })], ...partial });

  it('hand the alert over to the next one of the same owner', () => {
    const host = alerted(java(40_001));
    host.look([]);
    host.wait(10 * SECOND);
    host.look([java(40_002)]);
    expect(host.wait(MINUTE)).toEqual(['listening info 40002', 'closed info 40001']);
    expect(host.wait(25 * HOUR)).toEqual(['reminder! notice 40002']);
    expect(host.log.map(({ alert }) => alert?.id)).toEqual(Array.from({ length: host.log.length }, () => host.log[0]?.alert?.id));
    host.look([]);
    expect(host.wait(MINUTE)).toEqual(['resolved! notice 40002']);
  });

  it('wait for one that has yet to settle', () => {
    const host = alerted(java(40_001), aHost({ settle: { ...CONFIG.settle, notice: MINUTE } }));
    host.wait(HOUR);
    host.look([java(40_002)]);
    expect(host.wait(HOUR)).toEqual(['closed info 40001', 'listening info 40002']);
  });

  it('are one alert where one owner holds many', () => {
    const host = aHost();
    host.look([]);
    host.look([40_001, 40_002, 40_003].map((port) => java(port)));
    const told = host.wait(MINUTE);
    expect(told.filter((each) => each.startsWith('opened'))).toEqual(['opened! notice 40001']);
    expect(told.filter((each) => each.startsWith('listening'))).toEqual(['listening info 40002', 'listening info 40003']);
    expect(host.log.find(({ kind }) => kind === 'opened')).toMatchObject({ detail: { listeners: 3 }, alert: { openings: 1 } });
    expect(host.look([java(40_003)])).toEqual([]);
    expect(host.wait(MINUTE)).toEqual(['closed info 40001', 'closed info 40002']);
  });

  it('are another alert for another owner, user or scope, also on the same port', () => {
    const host = alerted(java(40_001));
    host.look([java(40_001), java(40_002, { owners: [anOwner({ exe: '/tmp/java' })] }), java(40_003, { scope: 'loopback', address: '127.0.0.1' })]);
    expect(host.wait(MINUTE)).toEqual(['opened! notice 40002', 'opened! notice 40003']);
    expect(host.look([java(40_001, { owners: [anOwner({ exe: '/tmp/evil' })] })])).toEqual(['resolved! notice 40001']);
    expect(host.log.at(-1)?.listener?.owners[0]?.exe).toBe('/usr/bin/java');
    expect(host.wait(MINUTE)).toEqual(['opened! notice 40001', 'resolved! notice 40002', 'resolved! notice 40003']);
    expect(host.book.openAlerts().map(({ listener }) => listener.owners[0]?.exe)).toEqual(['/tmp/evil']);
  });

  it('tell a rule that none of them broke before', () => {
    const host = alerted(java(40_001));
    host.look([java(40_001), java(40_002, { findings: [aFinding({ rule: 'exe-deleted', severity: 'error' }), aFinding({ rule: 'ephemeral-exposed', severity: 'notice' })] })]);
    expect(host.wait(MINUTE)).toEqual(['listening info 40002', 'changed! error 40002'].filter((each) => each.startsWith('changed')));
  });
});
