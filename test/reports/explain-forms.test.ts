import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Explanation, NamedPort, NamespacePeers } from '../../src/model/explanation.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderExplanation, renderExplanationJson, type AnyExplanation } from '../../src/reports/explain.ts';
import { aFinding, aListener, facts, partialCoverage } from '../fixtures/audit-report.ts';
import { anExplanation, aRangeExplanation, aServiceExplanation, aTransport } from '../fixtures/explanation.ts';

const print = (explanation: AnyExplanation, columns = 80, verbose = false): string => [...renderExplanation(explanation, { columns, colour: false, ascii: false, verbose })].join('');
const port = (partial: Partial<Explanation>, columns = 200): string => print(anExplanation(partial), columns);
const HOST = { inode: 4026531840, name: 'host' };

describe('a range', () => {
  it('is summed up: counts, names, room, listeners', () => {
    expect(print(aRangeExplanation())).toMatchInlineSnapshot(`
      "Ports 8000-8010
        11 ports.
        Registry: embedded snapshot of 2026-02-13.

      tcp, udp: 2 assigned, 7 unassigned, 2 reserved
        Assigned: 8000 irdmi, 8008 (no name).
        Reserved: 8006-8007.
        Unassigned: 8001-8005, 8009-8010.

      On web1
        Outside the ephemeral range 32768-60999: the kernel hands none of them to a
        client.

      Listening now (2)
        8000/tcp 0.0.0.0 (wildcard): sshd[812]
        8010/tcp [::] v4+v6 (wildcard): sshd[812]; error: Listener on a de-assigned
            port, reachable from other hosts

      What to do next
        Everything about one of them: portreeve explain 8000
      "
    `);
  });

  it('of many names shows some, and all of them when asked', () => {
    const assigned = Array.from({ length: 60 }, (_, index) => ({ from: 2 * index, to: 2 * index, service: `s${index}` }));
    const transports = aRangeExplanation().transports.slice(0, 1).map((each) => ({ ...each, assigned }));
    expect(print(aRangeExplanation({ transports }), 500)).toContain('46 s23 and 36 more (--verbose has all).');
    expect(print(aRangeExplanation({ transports }), 500, true)).toContain('118 s59.');
  });
});

describe('a name of several ports', () => {
  it('joins neighbouring ports of which the same is to be said', () => {
    const x11 = facts({ range: 'user', service: 'x11' });
    const named = (number: number, ...transports: ('tcp' | 'udp')[]): NamedPort => ({ port: number, range: 'user', transports: transports.map((transport) => ({ transport, as: 'service', facts: x11 })) });
    const ports = [...Array.from({ length: 64 }, (_, index) => named(6000 + index, 'tcp', 'udp')), named(6064, 'tcp'), named(6066, 'tcp')];
    const headings = print(aServiceExplanation({ name: 'x11', ports, listeners: [] })).match(/^Ports? .*$/gm);
    expect(headings).toEqual(['Ports 6000-6063', 'Port 6064', 'Port 6066']);
  });

  it('gets a summary of each', () => {
    expect(print(aServiceExplanation())).toMatchInlineSnapshot(`
      "Service http-alt
        2 ports carry the name, or carried it.
        Registry: embedded snapshot of 2026-02-13.

      Port 591
        tcp, udp: assigned to http-alt (its service name)

      Port 8080
        tcp: formerly http-alt, reserved 2020-01-01 (its former name)

      Listening now (1)
        8080/tcp 0.0.0.0 (wildcard): sshd[812]

      What to do next
        Everything about one of them: portreeve explain 8080
      "
    `);
  });
});

describe('a port', () => {
  it('says of which kind the name is that was asked for', () => {
    expect(port({ name: { asked: 'ci3-software-2', as: 'former' } })).toContain('"ci3-software-2" is the former service name of this port, and of no other.');
  });

  it('says what is not recorded, and of whom the registry was told', () => {
    expect(port({ transports: [aTransport({ facts: facts({ status: 'de-assigned', service: null }), unauthorizedUse: 'seen\n in use' })] })).toContain('  Not recorded: since when, which service had it.\n  The registry was told of unauthorised use: "seen in use".\n');
    expect(port({})).not.toContain('Not recorded');
  });

  it('tells each meaning once, and neighbours by transport where they differ', () => {
    const text = port({ transports: [aTransport(), aTransport({ transport: 'udp', above: { port: 1310, service: 'husky' } })] });
    expect(text).toContain('Nearest assigned: 1300 h323hostcallsc below, 1303 sftsrv above (tcp), 1310 husky above (udp).');
    expect(text.match(/It belonged to a service/g)).toHaveLength(1);
  });

  const peers = (partial: Partial<NamespacePeers> = {}): NamespacePeers => ({ netns: HOST, protocol: 'tcp', total: 1, addresses: 1, top: [{ address: '192.0.2.7', connections: 1 }], ...partial });

  it('says who is connected, and how many more', () => {
    expect(port({ peers: [peers({ total: 5000, addresses: 4001 })] })).toContain('Connected now\n  tcp: 5000 connections, by peer: 192.0.2.7 (1) and 4000 more addresses.\n');
    expect(port({ peers: [peers({ total: 0, addresses: 0, top: [] })] })).toContain('Connected now\n  Nobody.\n');
    expect(port({ peers: null })).toContain('Connected now\n  Not known');
    expect(port({ peers: [peers(), peers({ netns: { inode: 7, name: 'blue' } })] })).toContain('tcp in blue: 1 connection');
  });

  it('does not call connections without a listener its clients', () => {
    expect(port({ listeners: [], peers: [peers()] })).toContain('Nobody listens, but the port is in use');
    expect(port({ listeners: [], peers: [peers({ total: 0 })] })).not.toContain('Connected now');
  });

  const rule = { rule: 'de-assigned-exposed', severity: 'error', truth: 'true', condition: null, position: null } as const;
  const failed = { truth: 'false', position: { file: '/etc/p.yaml', line: 9, column: 7 } } as const;

  it('names the exception that nearly applies, and not those for other ports', () => {
    const listener = aListener({ port: 1302, findings: [aFinding()] });
    const exceptions = [{ exception: 'far', condition: 'port', ...failed }, { exception: 'near', condition: 'user', ...failed }];
    const text = port({ listeners: [listener], decisions: [{ listener: listener.id, rules: [{ ...rule, exceptions }] }] });
    expect(text).toContain('not excepted by near: user does not hold (/etc/p.yaml:9:7)\n');
    expect(text).not.toContain('far');
  });

  it('tells every rule that was tried when asked to', () => {
    const listener = aListener({ port: 1302, findings: [aFinding()] });
    const rules = [{ ...rule, exceptions: [{ ...failed, exception: 'half', condition: null, position: null }, { ...rule, exception: 'whole' }] }, { ...rule, ...failed, truth: 'unknown' as const, rule: 'other', condition: 'exe', exceptions: [] }];
    const text = print(anExplanation({ listeners: [listener], decisions: [{ listener: listener.id, rules }] }), 200, true);
    expect(text).toContain(
      'Rules tried, in order\n  1302/tcp 0.0.0.0 (wildcard)\n    de-assigned-exposed: matches, error\n      exception half: no, not true of every owner\n      exception whole: silences it\n    other: no, exe is not known (/etc/p.yaml:9:7)\n',
    );
    expect(print(anExplanation({ listeners: [listener], decisions: [{ listener: listener.id, rules }] }))).not.toContain('Rules tried');
  });

  it('does not fill the screen with listeners', () => {
    const listeners = Array.from({ length: 40 }, (_, index) => aListener({ port: 1302, address: `127.0.0.${index + 1}` }));
    expect(port({ listeners })).toContain('and 28 listeners more; --format json has all.');
  });

  it.each([
    ['linux', "sudo ss -Hlnptu 'sport = :1302'", ['macOS    sudo lsof -nP -iTCP:1302 -sTCP:LISTEN -iUDP:1302', 'Windows  Get-NetTCPConnection -LocalPort 1302']],
    ['darwin', 'sudo lsof -nP -iTCP:1302 -sTCP:LISTEN -iUDP:1302\n    netstat -anv', ["Linux    sudo ss -Hlnptu 'sport = :1302'", 'Windows  Get-NetTCPConnection']],
    ['win32', 'Get-NetTCPConnection -LocalPort 1302; netstat -ano|findstr ":1302 "', ['Linux    sudo ss', 'macOS    sudo lsof']],
    ['freebsd', 'sockstat -46l -p 1302', ['Linux    sudo ss', 'macOS    sudo lsof']],
    ['__proto__', "sudo ss -Hlnptu 'sport = :1302'", ['macOS    sudo lsof']],
  ])('has the commands of %s, and one for each other system', (platform, own, others) => {
    const text = port({ host: { name: 'h', platform, ephemeral: false, reserved: false, ephemeralRange: null } });
    expect(text).toContain(`See for yourself:\n    ${own}`);
    for (const other of others) expect(text).toContain(`    ${other}`);
  });
});

describe('every form', () => {
  it('keeps to the width', () => {
    for (const columns of [30, 50, 80]) {
      for (const explanation of [aRangeExplanation({ coverage: partialCoverage() }), aServiceExplanation({ coverage: partialCoverage() })]) {
        for (const line of print(explanation, columns, true).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('lets no text of others through as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom('\u001b[2J', 'a\nb', '\u202e', '\u009b')), (text) => {
        const listener = aListener({ port: 8000, interface: text, netns: { inode: 1, name: text }, findings: [aFinding({ rule: text, title: text })] });
        const position = { file: text, line: 1, column: 1 };
        const rules = [{ rule: text, severity: 'error', truth: 'true', condition: null, position: null, exceptions: [{ exception: text, truth: 'false', condition: text, position }] } as const];
        const named = facts({ service: text, aliases: [text], since: text });
        const forms: AnyExplanation[] = [
          anExplanation({ name: { asked: text, as: 'alias' }, listeners: [listener], decisions: [{ listener: listener.id, rules }], transports: [aTransport({ facts: named, unauthorizedUse: text, below: { port: 1, service: text } })], peers: [{ netns: { inode: 1, name: text }, protocol: 'tcp', total: 1, addresses: 1, top: [{ address: text, connections: 1 }] }] }),
          aRangeExplanation({ listeners: [listener], transports: aRangeExplanation().transports.map((each) => ({ ...each, assigned: [{ from: 1, to: 2, service: text }] })) }),
          aServiceExplanation({ name: text, listeners: [listener], ports: [{ port: 1, range: 'system', transports: [{ transport: 'tcp', as: 'service', facts: named }] }] }),
        ];
        for (const form of forms) {
          expect(print(form, 80, true)).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
          expect(renderExplanationJson(form)).toMatch(/^[\x20-\x7e\n]*$/);
        }
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 60) },
    );
  });

  it('is itself as JSON', () => {
    for (const form of [aRangeExplanation(), aServiceExplanation()]) expect(JSON.parse(renderExplanationJson(form))).toEqual(form);
  });
});
