import { describe, expect, it } from 'vitest';
import { compareAudits } from '../../src/findings/compare-audits.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import type { AuditComparison } from '../../src/model/audit-change.ts';
import { aFinding, aListener, anOwner, aReport, facts, partialCoverage, webServer } from '../fixtures/audit-report.ts';

const compare = (before: readonly AuditedListener[], after: readonly AuditedListener[]): AuditComparison => compareAudits(aReport(before), aReport(after));

/** Each change as `kind!` where it counts, with its differences. */
function changesOf(before: readonly AuditedListener[], after: readonly AuditedListener[]): readonly string[] {
  return compare(before, after).changes.map(({ kind, counts, differences }) => [`${kind}${counts ? '!' : ''}`, ...differences.map(({ what, before: was, after: is }) => `${what}: ${was ?? '-'} > ${is ?? '-'}`)].join('; '));
}

const withId = (id: string, partial: Partial<AuditedListener> = {}): AuditedListener => aListener({ id, ...partial });
const client = (id: string, port: number, partial: Partial<AuditedListener> = {}): AuditedListener => withId(id, { port, protocol: 'udp', ephemeral: true, ...partial });

describe('compareAudits', () => {
  it('finds nothing where nothing but pids, times and the like is another', () => {
    const restarted = webServer().map((listener) => ({ ...listener, sockets: 9, owners: listener.owners.map((owner) => ({ ...owner, pid: owner.pid + 1000, startedAt: null, commandLine: null, name: 'renamed' })) }));
    const comparison = compare(webServer(), restarted);
    expect(comparison.changes).toEqual([]);
    expect(comparison.summary).toEqual({ appeared: 0, owner: 0, other: 0, unseen: 0, moved: 0, vanished: 0, unchanged: webServer().length, counting: 0 });
  });

  it('tells what appeared and what vanished, and only the first counts', () => {
    expect(changesOf([withId('a', { port: 1 })], [withId('b', { port: 2 })])).toEqual(['appeared!', 'vanished']);
  });

  it.each<[string, Partial<AuditedListener>, string]>([
    ['another executable', { id: 'y', owners: [anOwner({ exe: '/tmp/nc', name: 'nc' })] }, 'owner!; executable: /usr/sbin/sshd > /tmp/nc'],
    ['another user', { owners: [anOwner({ user: 'ada' })] }, 'owner!; user: root > ada'],
    ['another unit', { id: 'y', owners: [anOwner({ unit: null })] }, 'owner!; unit: ssh.service > -'],
    ['a container', { owners: [anOwner({ container: 'web' })] }, 'owner!; container: - > web'],
    ['another file behind the same path', { owners: [anOwner({ exeForeign: true })] }, 'owner!; foreign: - > /usr/sbin/sshd'],
    ['an owner more', { id: 'y', owners: [anOwner(), anOwner({ exe: '/bin/b' })] }, 'owner!; executable: /usr/sbin/sshd > /bin/b, /usr/sbin/sshd'],
    ['no holder at all', { id: 'y', ownerKind: 'unknown', ownerNote: { code: 'no-holder', detail: '' }, owners: [] }, 'owner!; owner: process > unknown (no-holder); executable: /usr/sbin/sshd > -; user: root > -; unit: ssh.service > -'],
    ['an owner out of sight', { id: 'y', ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: '' }, owners: [] }, 'unseen; owner: process > unknown (no-privilege); executable: /usr/sbin/sshd > -; user: root > -; unit: ssh.service > -'],
    ['a deleted executable', { owners: [anOwner({ exeDeleted: true })] }, 'other; deleted: - > /usr/sbin/sshd'],
    ['another status', { registry: facts({ status: 'reserved', service: null }) }, 'other; registry: assigned ssh > reserved'],
    ['a finding', { findings: [aFinding()] }, 'other!; finding: - > de-assigned-exposed (error)'],
    ['a silenced finding', { findings: [aFinding({ excepted: { id: 'e', reason: 'r', expires: null } })] }, 'other; finding: - > de-assigned-exposed (error, excepted by e)'],
  ])('sees %s', (_what, after, change) => {
    expect(changesOf([withId('x')], [withId('x', after)])).toEqual([change]);
  });

  it('counts a finding again whose exception is gone, and not one that an exception now silences', () => {
    const standing = withId('x', { findings: [aFinding()] });
    const silenced = withId('x', { findings: [aFinding({ excepted: { id: 'e', reason: 'r', expires: null } })] });
    expect(changesOf([silenced], [standing])).toEqual(['other!; finding: de-assigned-exposed (error, excepted by e) > de-assigned-exposed (error)']);
    expect(changesOf([standing], [silenced])).toEqual(['other; finding: de-assigned-exposed (error) > de-assigned-exposed (error, excepted by e)']);
  });

  it('takes a login and a container made anew for the same', () => {
    const session = (unit: string) => withId(unit, { owners: [anOwner({ unit })] });
    expect(changesOf([session('session-3.scope')], [session('session-4.scope')])).toEqual([]);
    const inContainer = (id: string) => withId(id, { owners: [anOwner({ unit: `docker-${id}.scope`, container: id })] });
    expect(changesOf([inContainer('a'.repeat(64))], [inContainer('b'.repeat(64))])).toEqual([]);
  });

  it('does not take a socket unit that started its service for another owner', () => {
    const manager = anOwner({ pid: 1, exe: '/usr/lib/systemd/systemd', unit: 'init.scope' });
    const activation = { unit: 'ssh.socket', service: 'ssh.service' };
    expect(changesOf([withId('x', { activation, owners: [manager] })], [withId('x', { activation, owners: [manager, anOwner()] })])).toEqual([]);
  });

  it('finds a server again that got another ephemeral port, and no other', () => {
    const jvm = (id: string, port: number, ephemeral: boolean) => withId(id, { port, ephemeral, owners: [anOwner({ exe: '/usr/bin/java' })] });
    expect(changesOf([jvm('a', 40001, true)], [jvm('b', 40002, true)])).toEqual(['moved; port: 40001 > 40002']);
    expect(changesOf([jvm('a', 9001, false)], [jvm('b', 9002, false)])).toEqual(['appeared!', 'vanished']);
  });

  it('does not count a UDP client that comes, unless there is a finding of notice or above', () => {
    expect(changesOf([], [client('a', 40001)])).toEqual(['appeared']);
    expect(changesOf([], [client('a', 40001, { findings: [aFinding({ severity: 'info' })] })])).toEqual(['appeared']);
    expect(changesOf([], [client('a', 40001, { findings: [aFinding({ severity: 'notice' })] })])).toEqual(['appeared!']);
    expect(changesOf([], [client('a', 40001, { protocol: 'tcp' })])).toEqual(['appeared!']);
  });

  it('pairs listeners of one identity one to one', () => {
    const twin = withId('twin');
    expect(compare([twin, twin], [twin, twin, twin]).summary).toMatchObject({ unchanged: 2, appeared: 1, vanished: 0 });
  });

  it('compares two thousand listeners with as many others in a moment', () => {
    const many = (offset: number) => Array.from({ length: 2000 }, (_, index) => withId(`${index + offset}`, { port: index + offset }));
    const start = performance.now();
    expect(compare(many(0), many(1000)).summary).toMatchObject({ unchanged: 1000, appeared: 1000, vanished: 1000 });
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('keeps of each audit what says how far it can be trusted', () => {
    const { before, after } = compareAudits(aReport([], { host: 'a' }), aReport([], { host: 'b', coverage: partialCoverage() }));
    expect(before).toEqual({ host: { name: 'a' }, startedAt: '2026-11-22T04:53:57.000Z', registry: { source: 'embedded', updated: '2026-02-13' }, coverage: { source: 'netlink', complete: true } });
    expect(after).toMatchObject({ host: { name: 'b' }, coverage: { complete: false } });
  });
});
