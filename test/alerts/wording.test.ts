import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordChanged, wordClosed, wordListening, wordOpened, wordPlace, wordReminder, wordResolved, wordStorm, wordTime, wordTransient } from '../../src/alerts/wording.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { aFinding, anOwner } from '../fixtures/audit-report.ts';
import { HOUR, MINUTE, netcat } from './fixture.ts';

const plain = { listeners: 1, atStart: false, flapping: null };
const nc = (partial: Partial<AuditedListener> = {}): AuditedListener => netcat({ owners: [anOwner({ pid: 1234, name: 'nc', exe: '/usr/bin/nc.openbsd', unit: 'session-3.scope' })], ...partial });

describe('a message', () => {
  it.each<[string, string]>([
    [wordOpened(nc(), plain), 'tcp *:1302 opened by nc[1234] (/usr/bin/nc.openbsd, user root, session-3.scope): Listener on a de-assigned port, reachable from other hosts'],
    [wordOpened(nc({ findings: [aFinding(), aFinding({ rule: 'b' })] }), { ...plain, atStart: true, listeners: 4 }), 'tcp *:1302 and 3 more ports were open at the start'],
    [wordOpened(nc({ ownerKind: 'unknown', ownerNote: { code: 'no-holder', detail: 'd' }, owners: [] }), plain), 'tcp *:1302 opened by an unknown owner (no process holds it; socket of root): '],
    [wordOpened(nc({ ownerKind: 'kernel', ownerNote: { code: 'kernel', detail: 'wireguard: wg0' }, owners: [] }), plain), 'tcp *:1302 opened by the kernel (wireguard): '],
    [wordOpened(nc({ activation: { unit: 'ssh.socket', service: 'ssh.service' } }), plain), 'tcp *:1302 opened by ssh.socket for ssh.service: '],
    [wordOpened(nc({ owners: [anOwner({ exe: null, user: null, uid: 1000, unit: null, container: 'a'.repeat(64) }), anOwner(), anOwner()] }), plain), 'tcp *:1302 opened by sshd[812] (executable not readable, uid 1000, container aaaaaaaaaaaa) and 2 more processes: '],
    [wordOpened(nc({ owners: [anOwner({ exeDeleted: true })] }), plain), 'opened by sshd[812] (/usr/sbin/sshd deleted, user root, ssh.service): '],
    [wordOpened(nc(), { ...plain, flapping: { openings: 5, within: 10 * MINUTE } }), 'tcp *:1302 keeps opening and closing (5 times within 10 min), last by nc[1234]'],
    [wordChanged(nc(), [{ what: 'executable', before: '/a', after: '/b' }, { what: 'unit', before: null, after: 'x.service' }]), 'tcp *:1302 changed (executable /a -> /b, unit none -> x.service), held by nc[1234]'],
    [wordReminder(nc(), { listeners: 1, openFor: 26 * HOUR, openings: 3 }), 'tcp *:1302 still open after 26 h (3 openings), held by nc[1234]'],
    [wordResolved(nc(), 'closed', { openFor: 3 * HOUR, openings: 1 }), 'tcp *:1302 closed after 3 h, was held by nc[1234]'],
    [wordResolved(nc({ findings: [aFinding({ excepted: { id: 'licence-server', reason: 'r', expires: null } })] }), 'excepted', { openFor: 1, openings: 1 }), 'tcp *:1302 is no alert any more: excepted by licence-server, held by nc'],
    [wordTransient(nc(), { count: 1, livedMs: 0.42, total: null, within: HOUR }), 'tcp *:1302 was open for 0.4 ms, held by nc[1234]'],
    [wordTransient(nc(), { count: 12, livedMs: null, total: 30, within: HOUR }), 'tcp *:1302 opened and closed 12 times, held by nc[1234] (/usr/bin/nc.openbsd, user root, session-3.scope), 30 times within 60 min by that program: '],
    [wordListening(nc(), 1), 'tcp *:1302 listening, held by nc[1234]'],
    [wordClosed(nc({ ephemeral: true, protocol: 'udp', port: 40_000 }), 9), 'udp ports of the ephemeral range (last 40000) closed 9 times, last was held by nc[1234]'],
    [wordStorm({ count: 950, total: 1900, worst: 'error', rules: [['a', 1800], ['b', 100]], programs: [['/usr/bin/python3', 1900]], untracked: 2 }, 10_000), '950 more alerts than are told one by one within 10 s, 1900 in this storm: a (1800), b (100); by /usr/bin/python3 (1900); 2 listeners beyond what can be tracked'],
  ])('%s', (message, start) => {
    expect(message).toContain(start);
  });

  it.each<[Partial<AuditedListener>, string]>([
    [{ address: '127.0.0.1' }, 'tcp 127.0.0.1:1302'],
    [{ address: '::', family: 'ipv6' }, 'tcp [::]:1302'],
    [{ address: '::', family: 'ipv6', dualStack: true }, 'tcp *:1302'],
    [{ address: 'fe80::1', family: 'ipv6', interface: 'eth0' }, 'tcp [fe80::1]%eth0:1302'],
    [{ protocol: 'raw', port: null, ipProtocol: 1 }, 'raw *:1'],
    [{ netns: { inode: 7, name: 'web' } }, 'tcp *:1302 in network namespace web'],
    [{ netns: { inode: 7, name: null } }, 'tcp *:1302 in an unnamed network namespace'],
  ])('names the place %o', (partial, place) => {
    expect(wordPlace(nc(partial))).toBe(place);
  });

  it.each([[0.04, '0 ms'], [1.25, '1.3 ms'], [999, '999 ms'], [119_000, '119 s'], [600_000, '10 min'], [26 * HOUR, '26 h'], [72 * HOUR, '3 days']])('tells %d ms as %s', (time, text) => {
    expect(wordTime(time)).toBe(text);
  });

  it('is one short line, whatever a process calls itself', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.constantFrom('\u001b[2J', 'a\nb', '\u202egnp.exe', 'x'.repeat(5000), '\u0301'.repeat(50)));
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, exe, unit) => {
        const listener = nc({ owners: [anOwner({ name, exe, unit, user: name })], interface: unit, netns: { inode: 1, name: exe }, findings: [aFinding({ title: name })] });
        const differences = [{ what: 'executable', before: exe, after: unit }] as const;
        for (const message of [wordOpened(listener, plain), wordChanged(listener, differences), wordTransient(listener, { count: 1, livedMs: 1, total: null, within: 1 }), wordClosed(listener, 1)]) {
          expect(displayWidth(message)).toBeLessThanOrEqual(300);
          expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        }
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});
