import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AuditedListener } from '../../src/model/audit.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderException } from '../../src/reports/exception-yaml.ts';
import { offerException } from '../../src/reports/offered-exception.ts';
import { renderExplanation, renderExplanationJson } from '../../src/reports/explain.ts';
import { aFinding, aListener, anOwner, facts, partialCoverage } from '../fixtures/audit-report.ts';
import { anExplanation, aTransport } from '../fixtures/explanation.ts';

type Partial = Parameters<typeof anExplanation>[0];
const print = (partial: Partial = {}, columns = 80): string => [...renderExplanation(anExplanation(partial), { columns, colour: false, ascii: false })].join('');

describe('renderExplanation', () => {
  it('tells all there is to know of a port', () => {
    expect(print()).toMatchInlineSnapshot(`
      "Port 1302
        In the user range (1024-49151, "registered"): services that asked IANA for a
        port.
        Registry: embedded snapshot of 2026-02-13.

      tcp, udp: formerly ci3-software-2, de-assigned 2019-10-30
        It belonged to a service that gave it up (RFC 6335, section 8.2). Old software
        may still use it; new software has no business here.
        In a block of ports that are all de-assigned: 1301-1302.
        Nearest assigned: 1300 h323hostcallsc below, 1303 sftsrv above.

      On web1
        Outside the ephemeral range 32768-60999: the kernel never hands it to a
        client.

      Listening now (1)
        1302/tcp 0.0.0.0 (wildcard): licd[4711]
          user licd
          unit licd.service
          executable /opt/licd/bin/licd
          command /opt/licd/bin/licd -p 1302
          error: Listener on a de-assigned port, reachable from other hosts
            (de-assigned-exposed)
          notice: Executable outside the packaged folders (unpackaged-executable)

      Connected now
        tcp: 3 connections, by peer: 192.0.2.7 (2), 127.0.0.1 (local, 1).

      What to do next
        Find the owner first: it may be an old application that kept its port, a
        custom service, or software that hides on a port nobody watches. If it belongs
        here, allow it with a narrow exception; else stop it.

        See for yourself:
          sudo ss -Hlnptu 'sport = :1302'
          sudo lsof -nP -i :1302
          ss -Htn state connected 'sport = :1302'
          sudo ls -l /proc/4711/exe
          systemctl status 4711

        On other systems:
          macOS    sudo lsof -nP -iTCP:1302 -sTCP:LISTEN -iUDP:1302
          Windows  Get-NetTCPConnection -LocalPort 1302; netstat -ano|findstr ":1302 "

        To stop it now, and at the next boot:
          sudo systemctl stop licd.service
          sudo systemctl disable licd.service

        To approve exactly what listens here now, put this into a policy file, with a
        reason:
          version: 1
          exceptions:
            - id: allow-1302-tcp-licd
              rules: [de-assigned-exposed, unpackaged-executable]
              match:
                protocol: tcp
                port: 1302
                scope: wildcard
                exe: /opt/licd/bin/licd
                user: licd
                unit: licd.service
              reason: TODO
              # expires: YYYY-MM-DD
      "
    `);
  });

  it('keeps transports apart of which the registry says different things', () => {
    const text = print({ transports: [aTransport(), aTransport({ transport: 'udp', facts: facts({ status: 'reserved', service: null, since: '2014-05-23' }), block: { from: 1302, to: 1302, status: 'reserved' } })] });
    expect(text).toContain('\ntcp: formerly ci3-software-2, de-assigned 2019-10-30\n');
    expect(text).toContain('\nudp: reserved 2014-05-23\n');
  });

  it('names the service of an assigned port and its other names', () => {
    const http = aTransport({ facts: facts({ service: 'http', aliases: ['www', 'www-http'], since: '1995-01-01' }), block: { from: 79, to: 80, status: 'assigned' } });
    const text = print({ port: 80, range: 'system', transports: [http], listeners: [] });
    expect(text).toContain('\ntcp: assigned to http, registered 1995-01-01\n');
    expect(text).toContain('  Also registered as www, www-http.\n');
    expect(text).not.toContain('Nearest assigned');
  });

  it('shows the block that an unassigned port lies in', () => {
    const unassigned = aTransport({ facts: facts({ status: 'unassigned', service: null }), block: { from: 10262, to: 10287, status: 'unassigned' }, below: { port: 10261, service: 'tile-ml' }, above: null });
    const text = print({ port: 10276, transports: [unassigned], listeners: [] });
    expect(text).toContain('  In a block of ports that are all unassigned: 10262-10287.\n  Nearest assigned: 10261 tile-ml below.\n');
    expect(text).toContain('Listening now\n  Nothing.\n');
    expect(text).not.toContain('exceptions:');
  });

  it.each([
    [{ ephemeral: null, reserved: null, ephemeralRange: null }, 'The host does not say which ports it hands to clients.'],
    [{ ephemeral: false, reserved: false, ephemeralRange: [32768, 60999] }, 'Outside the ephemeral range 32768-60999'],
    [{ ephemeral: true, reserved: true, ephemeralRange: [32768, 60999] }, 'Inside the ephemeral range 32768-60999, but reserved in'],
    [{ ephemeral: true, reserved: false, ephemeralRange: [32768, 60999] }, 'belongs in net.ipv4.ip_local_reserved_ports.'],
  ] as const)('says what the host does with the port: %j', (host, sentence) => {
    expect(print({ host: { name: 'web1', platform: 'linux', ...host } }, 200)).toContain(sentence);
  });

  it('never says "nothing" of what could not be seen', () => {
    const text = print({ listeners: [], coverage: partialCoverage() });
    expect(text).toContain('Nothing that this scan could see, and it did not see everything.');
    expect(text).toContain('namespaces-skipped (2): ');
    expect(print({ listeners: [], coverage: null })).toContain('Not known: the host could not be scanned.');
  });

  it('says which exception silences a finding, and offers none for it', () => {
    const excepted = aFinding({ excepted: { id: 'licence-server', reason: 'Vendor port', expires: '2027-06-30' } });
    const text = print({ listeners: [aListener({ port: 1302, findings: [excepted] })] }, 200);
    expect(text).toContain('(de-assigned-exposed); excepted by licence-server, until 2027-06-30: Vendor port\n');
    expect(text).not.toContain('exceptions:');
    expect(text).not.toContain('Find the owner first');
  });

  it('says why it offers no exception, and for which rules', () => {
    const findings = [aFinding({ rule: 'exe-temporary-exposed' }), aFinding()];
    const some = print({ listeners: [aListener({ port: 1302, findings })] }, 200);
    expect(some).toContain('\n        rules: [de-assigned-exposed]\n');
    expect(some).toContain('\n  No exception is offered for exe-temporary-exposed. What is wrong is the program itself: put that right first.\n');
    const none = print({ listeners: [aListener({ port: 1302, findings, owners: [anOwner({ exe: '/memfd:x', exeDeleted: true })] })] }, 200);
    expect(none).toContain('\n  No exception is offered for exe-temporary-exposed, de-assigned-exposed. Process 812 runs from memory, not from a file.\n');
    expect(none).not.toContain('exceptions:');
    expect(none).not.toContain('To approve exactly');
  });

  it('tells of a socket without an owner beside others', () => {
    const detail = 'of 2 sockets that share the port, 1 without an owner: every process was looked into and none holds it';
    expect(print({ listeners: [aListener({ port: 1302, sockets: 2, ownerNote: { code: 'no-holder', detail } })] }, 200)).toContain(`: sshd[812]\n    ${detail}\n    user root\n`);
  });

  it('fills port and process into the commands of the advice, and nothing into its words', () => {
    const advice = 'PORT and PID: `portreeve explain PORT`, `ps -p PID`, `ls SUPPORT`.';
    const listening = (...pids: number[]): AuditedListener => aListener({ owners: pids.map((pid) => anOwner({ pid })), findings: [aFinding({ advice })] });
    expect(print({ listeners: [listening(4711)] })).toContain('PORT and PID: `portreeve explain 1302`, `ps -p 4711`, `ls SUPPORT`.');
    expect(print({ listeners: [listening(4711), listening(4711)] })).toContain('`ps -p 4711`');
    expect(print({ listeners: [listening(4711, 4712)] })).toContain('`portreeve explain 1302`, `ps -p PID`');
    expect(print({ listeners: [listening()] })).toContain('`portreeve explain 1302`, `ps -p PID`');
  });

  it('keeps to the width, but for what is there to be copied', () => {
    for (const columns of [30, 40, 60, 80, 120]) {
      const prose = print({ coverage: partialCoverage() }, columns).split('\n').filter((line) => !line.startsWith('    '));
      for (const line of prose) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  });
});

describe('renderExplanationJson', () => {
  it('is the explanation itself', () => {
    expect(JSON.parse(renderExplanationJson(anExplanation()))).toEqual(anExplanation());
  });
});

interface PolicyFile {
  readonly version: number;
  readonly exceptions: { readonly id: string; readonly rules: string[]; readonly match: Record<string, unknown>; readonly reason: string }[];
}

function exceptionsOf(...listeners: readonly Parameters<typeof aListener>[0][]): PolicyFile {
  const lines = renderException(listeners.map((partial): AuditedListener => aListener({ port: 1302, findings: [aFinding()], ...partial })));
  for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]*$/);
  return parse(lines.join('\n')) as PolicyFile;
}

describe('the exception to paste', () => {
  it('is narrow: the rules that matched, the port, the scope, the owner', () => {
    expect(exceptionsOf({ owners: [anOwner({ name: 'licd', exe: '/opt/licd/bin/licd', user: 'licd', unit: 'licd.service' })] })).toEqual({
      version: 1,
      exceptions: [
        {
          id: 'allow-1302-tcp-licd',
          rules: ['de-assigned-exposed'],
          match: { protocol: 'tcp', port: 1302, scope: 'wildcard', exe: '/opt/licd/bin/licd', user: 'licd', unit: 'licd.service' },
          reason: 'TODO',
        },
      ],
    });
  });

  it('names each owner once', () => {
    const owners = [anOwner({ pid: 1, user: 'root', uid: 0 }), anOwner({ pid: 2, user: 'www-data', uid: 33 }), anOwner({ pid: 3, user: 'www-data', uid: 33 })];
    expect(exceptionsOf({ owners }).exceptions[0]!.match).toMatchObject({ exe: '/usr/sbin/sshd', user: ['root', 'www-data'] });
  });

  it('leaves out what changes with every start of a container or a session', () => {
    expect(exceptionsOf({ owners: [anOwner({ container: 'f'.repeat(64), unit: 'docker-f.scope' })] }).exceptions[0]!.match).toEqual({ protocol: 'tcp', port: 1302, scope: 'wildcard', exe: '/usr/sbin/sshd', user: 'root', container: true });
    expect(exceptionsOf({ owners: [anOwner({ unit: 'session-3.scope' })] }).exceptions[0]!.match).not.toHaveProperty('unit');
  });

  it('falls back to the uid where the user has no name', () => {
    expect(exceptionsOf({ owners: [anOwner({ user: null, uid: 100999 })] }).exceptions[0]!.match).toMatchObject({ uid: 100999 });
  });

  it.each<[string, Parameters<typeof aListener>[0], Record<string, unknown>]>([
    ['the kernel', { ownerKind: 'kernel', owners: [] }, { ownerKind: 'kernel' }],
    ['an unknown owner', { ownerKind: 'unknown', owners: [], socketUser: 'avahi' }, { ownerKind: 'unknown', user: 'avahi' }],
    ['a socket unit', { activation: { unit: 'ssh.socket', service: 'ssh.service' } }, { activated: true }],
    ['a raw socket', { port: null, protocol: 'raw', ipProtocol: 1, interface: 'eth0' }, { protocol: 'raw', interface: 'eth0' }],
  ])('fits %s', (_what, partial, match) => {
    expect(exceptionsOf(partial).exceptions[0]!.match).toMatchObject(match);
  });

  it.each([
    ['/tmp/a b: c #d', '/tmp/a b: c #d'],
    ['/tmp/"quoted"\'', '/tmp/"quoted"\''],
    ['/tmp/\x1b[31m\n', '/tmp/\x1b\\[31m\n'],
    ['/tmp/*.{a,b}?\\', '/tmp/\\*.\\{a,b\\}\\?\\\\'],
    ['/opt/\u202e\u{1f680}é', '/opt/\u202e\u{1f680}é'],
  ])('quotes %j so that it reads back, and matches it alone', (exe, pattern) => {
    expect(exceptionsOf({ owners: [anOwner({ exe })] }).exceptions[0]!.match['exe']).toBe(pattern);
  });

  it.each(['yes', 'null', '0x10', '1e3', '- a', '&a', '*a', '!!js', '@a', '%a', '{', '[', '', ' ', 'a: b', '~', '2026-01-01'])('keeps the user %j a string', (user) => {
    expect(exceptionsOf({ owners: [anOwner({ user })] }).exceptions[0]!.match['user']).toBe(user);
  });

  it('does not repeat itself for the second address, and gives every exception its own id', () => {
    expect(exceptionsOf({}, { address: '::' }).exceptions).toHaveLength(1);
    expect(exceptionsOf({}, { scope: 'private', address: '10.0.0.1' }).exceptions.map(({ id }) => id)).toEqual(['allow-1302-tcp-sshd', 'allow-1302-tcp-sshd-2']);
  });

  it('leaves out the rules that find fault with the executable itself', () => {
    const findings = ['exe-temporary-exposed', 'de-assigned-exposed', 'script-temporary-exposed', 'exe-home-exposed', 'ssh-owner'].map((rule) => aFinding({ rule }));
    expect(exceptionsOf({ findings }).exceptions.map(({ rules }) => rules)).toEqual([['de-assigned-exposed', 'exe-home-exposed', 'ssh-owner']]);
    expect(exceptionsOf({ findings: [aFinding({ rule: 'exe-hidden' })] }).exceptions).toBeNull();
  });

  it.each<[string, Parameters<typeof aListener>[0]]>([
    ['The executable of process 812 was deleted.', { owners: [anOwner(), anOwner({ exeDeleted: true, exeReplaced: false })] }],
    ['Process 812 runs from memory, not from a file.', { owners: [anOwner({ exe: '/memfd:x', exeDeleted: true })] }],
    ['Process 812 runs another file than the one at /usr/sbin/sshd on this host.', { owners: [anOwner({ exeForeign: true })] }],
    ['The executable of process 812 has no absolute path.', { owners: [anOwner({ exe: 'null' })] }],
    ['One of the sockets that share the port has no owner, and who is approved cannot vouch for it.', { ownerNote: { code: 'no-holder', detail: 'x' } }],
  ])('is none, with the reason: %s', (reason, partial) => {
    const listener = aListener({ findings: [aFinding()], ...partial });
    expect(offerException(listener)).toEqual({ rules: [], refused: { rules: ['de-assigned-exposed'], reason } });
    expect(exceptionsOf(partial).exceptions).toBeNull();
  });

  it('is there for what an upgrade replaced, whose path stays', () => {
    expect(offerException(aListener({ findings: [aFinding()], owners: [anOwner({ exeDeleted: true, exeReplaced: true })] }))).toEqual({ rules: ['de-assigned-exposed'], refused: null });
  });

  it('has an id that a policy takes, whatever the process is called', () => {
    for (const name of ['\x1b[2J', 'Größe!', '----', '', 'x'.repeat(500)]) {
      expect(exceptionsOf({ owners: [anOwner({ name })] }).exceptions[0]!.id).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/);
    }
  });
});
