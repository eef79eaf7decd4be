import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderTable } from '../../src/reports/table.ts';
import type { TextOptions } from '../../src/reports/text-options.ts';
import { aFinding, aListener, anOwner, aReport, facts, partialCoverage, webServer } from '../fixtures/audit-report.ts';

const TEXT: TextOptions = { columns: 80, colour: false, ascii: false };
const print = (report: ReturnType<typeof aReport>, options: Partial<TextOptions> = {}): string => [...renderTable(report, { ...TEXT, ...options })].join('');
const server = aReport(webServer(), { coverage: partialCoverage(), warnings: ['exception "old" expired on 2026-01-01 (/etc/portreeve/local.yaml:3:5)'] });
const SGR = /\x1b\[[0-9;]*m/g;

describe('a server with findings', () => {
  it('at 80 columns', () => {
    expect(print(server)).toMatchInlineSnapshot(`
      "8 listeners on web1: 1 error, 1 warning, 1 excepted. Registry: embedded snapshot
      of 2026-02-13. Source: netlink.
      Not complete: there may be more than is shown here.

        PORT        ADDRESS                OWNER                  REGISTRY
      ERROR (1)
        1302/tcp    0.0.0.0                licd[4711]             de-assigned 2019-10…
            de-assigned-exposed, unpackaged-executable (notice)
            registry de-assigned 2019-10-30 (was ci3-software-2), user licd, unit
            licd.service, executable /opt/licd/bin/licd

      WARNING (1)
        8090/tcp    [::] v4+v6             java[2210] (replaced)  unassigned
            unassigned-exposed
            user deploy, unit shop.service, executable
            /usr/lib/jvm/java-17-openjdk-amd64/bin/java

      NO FINDINGS (5)
        raw/icmpv6  [::]                   systemd-network[600]   -
        22/tcp      0.0.0.0                ssh.socket → ssh.ser…  ssh
        80/tcp      0.0.0.0                nginx[1200,1201,1202…  http
        2049/tcp    [::] v4+v6             kernel (nfsd)          nfs
        5353/udp    [fe80::5054:ff:fe12:…  unknown: no privilege  mdns

      EXCEPTED (1)
        9100/tcp    10.0.0.5               prometheus-node[900]   unassigned
            unassigned-exposed: excepted by node-exporter, until 2027-06-30: The port
            everyone knows node_exporter by

      What to do next
      error: Listener on a de-assigned port, reachable from other hosts
        1302/tcp, by rule de-assigned-exposed
        Find the owner first: it may be an old application that kept its port, a
        custom service, or software that hides on a port nobody watches. If it belongs
        here, allow it with a narrow exception; else stop it.
        More: portreeve explain 1302/tcp
        See: RFC 6335, ATT&CK T1571

      warning: Listener on an unassigned port, reachable from other hosts
        8090/tcp, by rule unassigned-exposed
        Find the owner first: it may be an old application that kept its port, a
        custom service, or software that hides on a port nobody watches. If it belongs
        here, allow it with a narrow exception; else stop it.
        More: portreeve explain 8090/tcp
        See: RFC 6335, ATT&CK T1571

      notice: Executable outside the packaged folders
        1302/tcp, by rule unpackaged-executable
        More: portreeve explain 1302/tcp

      What the scan could not see
        Listeners may be missing:
        - namespaces-skipped (2): 2 other network namespaces exist and were not
          scanned.
        Owners may be unnamed:
        - processes-unreadable (37): 37 processes of other users could not be looked
          into. Run \`sudo portreeve audit --now\` to name every owner.
        Details are missing:
        - details-unavailable (1): The port range that the kernel reserves could not
          be read.

      Policy
        - exception "old" expired on 2026-01-01 (/etc/portreeve/local.yaml:3:5)
      "
    `);
  });

  it('at 120 columns', () => {
    expect(print(aReport(webServer()), { columns: 120 }).split('\nWhat to do next\n')[0]).toMatchInlineSnapshot(`
      "8 listeners on web1: 1 error, 1 warning, 1 excepted. Registry: embedded snapshot of 2026-02-13. Source: netlink.

        PORT        ADDRESS                         OWNER                          REGISTRY
      ERROR (1)
        1302/tcp    0.0.0.0                         licd[4711]                     de-assigned 2019-10-30 (was ci3-software-2)
            de-assigned-exposed, unpackaged-executable (notice)
            user licd, unit licd.service, executable /opt/licd/bin/licd

      WARNING (1)
        8090/tcp    [::] v4+v6                      java[2210] (replaced)          unassigned
            unassigned-exposed
            user deploy, unit shop.service, executable /usr/lib/jvm/java-17-openjdk-amd64/bin/java

      NO FINDINGS (5)
        raw/icmpv6  [::]                            systemd-network[600]           -
        22/tcp      0.0.0.0                         ssh.socket → ssh.service       ssh
        80/tcp      0.0.0.0                         nginx[1200,1201,1202 +3 more]  http
        2049/tcp    [::] v4+v6                      kernel (nfsd)                  nfs
        5353/udp    [fe80::5054:ff:fe12:3456]%enp…  unknown: no privilege          mdns

      EXCEPTED (1)
        9100/tcp    10.0.0.5                        prometheus-node[900]           unassigned
            unassigned-exposed: excepted by node-exporter, until 2027-06-30: The port everyone knows node_exporter by
      "
    `);
  });

  it('at 200 columns, with executable and unit', () => {
    expect(print(aReport(webServer()), { columns: 200 }).split('\nWhat to do next\n')[0]).toMatchInlineSnapshot(`
      "8 listeners on web1: 1 error, 1 warning, 1 excepted. Registry: embedded snapshot of 2026-02-13. Source: netlink.

        PORT        ADDRESS                 OWNER                          REGISTRY                                     USER             UNIT                          EXECUTABLE
      ERROR (1)
        1302/tcp    0.0.0.0                 licd[4711]                     de-assigned 2019-10-30 (was ci3-software-2)  licd             licd.service                  /opt/licd/bin/licd
            de-assigned-exposed, unpackaged-executable (notice)

      WARNING (1)
        8090/tcp    [::] v4+v6              java[2210] (replaced)          unassigned                                   deploy           shop.service                  …lib/jvm/java-17-openjdk-amd64/bin/java
            unassigned-exposed
            executable /usr/lib/jvm/java-17-openjdk-amd64/bin/java

      NO FINDINGS (5)
        raw/icmpv6  [::]                    systemd-network[600]           -                                            systemd-network  systemd-networkd.service      /usr/lib/systemd/systemd-networkd
        22/tcp      0.0.0.0                 ssh.socket → ssh.service       ssh                                          root             ssh.service                   /usr/lib/systemd/systemd
        80/tcp      0.0.0.0                 nginx[1200,1201,1202 +3 more]  http                                         root, www-data   nginx.service                 /usr/sbin/nginx
        2049/tcp    [::] v4+v6              kernel (nfsd)                  nfs                                          root             -                             -
        5353/udp    [fe80::5054:ff:fe12:3…  unknown: no privilege          mdns                                         avahi            -                             -

      EXCEPTED (1)
        9100/tcp    10.0.0.5                prometheus-node[900]           unassigned                                   prometheus       prometheus-node-exporter.se…  /usr/bin/prometheus-node-exporter
            unassigned-exposed: excepted by node-exporter, until 2027-06-30: The port everyone knows node_exporter by
      "
    `);
  });

  it('at 40 columns, with the columns that matter', () => {
    expect(print(aReport(webServer()), { columns: 40 }).split('\nWhat to do next\n')[0]).toMatchInlineSnapshot(`
      "8 listeners on web1: 1 error, 1 warning,
      1 excepted. Registry: embedded snapshot
      of 2026-02-13. Source: netlink.

        PORT        ADDRESS      OWNER
      ERROR (1)
        1302/tcp    0.0.0.0      licd[4711]
            de-assigned-exposed,
            unpackaged-executable (notice)
            registry de-assigned 2019-10-30
            (was ci3-software-2), user licd,
            unit licd.service, executable
            /opt/licd/bin/licd

      WARNING (1)
        8090/tcp    [::] v4+v6   java[2210] (…
            unassigned-exposed
            owner java[2210] (replaced),
            registry unassigned, user deploy,
            unit shop.service, executable
            /usr/lib/jvm/java-17-openjdk-amd64
            /bin/java

      NO FINDINGS (5)
        raw/icmpv6  [::]         systemd-netw…
        22/tcp      0.0.0.0      ssh.socket →…
        80/tcp      0.0.0.0      nginx[1200,1…
        2049/tcp    [::] v4+v6   kernel (nfsd)
        5353/udp    [fe80::505…  unknown: no …

      EXCEPTED (1)
        9100/tcp    10.0.0.5     prometheus-n…
            unassigned-exposed: excepted by
            node-exporter, until 2027-06-30:
            The port everyone knows
            node_exporter by
      "
    `);
  });

  it('without UTF-8', () => {
    expect(print(server, { ascii: true })).toMatch(/^[\n\x20-\x7e]*$/);
    expect(print(server, { ascii: true, columns: 120 })).toContain('ssh.socket -> ssh.service');
  });

  it('says the same with colours and without', () => {
    const coloured = print(server, { colour: true });
    expect(coloured).toContain('\x1b[31mERROR (1)\x1b[0m\n');
    expect(coloured).toContain('\x1b[33mWARNING (1)\x1b[0m\n');
    expect(coloured.replace(SGR, '')).toBe(print(server));
  });

  it('never exceeds the width, nor leaves blanks at a line\'s end', () => {
    for (let columns = 30; columns <= 250; columns++) {
      for (const line of print(server, { columns }).split('\n')) {
        expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/ $/);
      }
    }
  });

  it('aligns every row under its heading', () => {
    const lines = print(server).split('\n');
    const heading = lines.find((line) => line.startsWith('  PORT '))!;
    for (const row of lines.filter((line) => /^ {2}\S+\/(?:tcp|udp|icmpv6) /.test(line) && !line.includes('by rule'))) {
      for (const title of ['ADDRESS', 'OWNER', 'REGISTRY']) {
        const at = heading.indexOf(title);
        expect(row.slice(at - 2, at + 1)).toMatch(/^ {2}\S$/);
      }
    }
  });
});

describe('a clean host', () => {
  it('looks calm', () => {
    expect(print(aReport([aListener(), aListener({ port: 25, address: '127.0.0.1', scope: 'loopback', registry: facts({ service: 'smtp' }), owners: [anOwner({ pid: 990, name: 'exim4' })] })]))).toMatchInlineSnapshot(`
      "2 listeners on web1: no findings. Registry: embedded snapshot of 2026-02-13.
      Source: netlink.
      Nothing to look at.

        PORT    ADDRESS    OWNER       REGISTRY  USER  UNIT         EXECUTABLE
      NO FINDINGS (2)
        22/tcp  0.0.0.0    sshd[812]   ssh       root  ssh.service  /usr/sbin/sshd
        25/tcp  127.0.0.1  exim4[990]  smtp      root  ssh.service  /usr/sbin/sshd
      "
    `);
  });

  it('without a listener is told in two lines', () => {
    expect(print(aReport([]))).toBe('0 listeners on web1: no findings. Registry: embedded snapshot of 2026-02-13.\nSource: netlink.\nNothing to look at.\n');
  });

  it('is never called clean when the audit was not complete', () => {
    const text = print(aReport([aListener()], { coverage: partialCoverage() }));
    expect(text).not.toContain('Nothing to look at');
    expect(text).toContain('Not complete: no findings here does not mean that the host is clean.\n');
    expect(text).toContain('Run `sudo portreeve audit --now` to name every owner.\n');
  });

  it('may lack details and still be complete', () => {
    const gap = { code: 'source-fallback', detail: 'netlink is not available here; /proc/net was read.', count: 1, hides: 'details' } as const;
    const text = print(aReport([aListener()], { coverage: { source: 'procfs', complete: true, gaps: [gap] } }));
    expect(text).toContain('Nothing to look at.\n');
    expect(text).toContain('Limits of the scan\n  Details are missing:\n  - source-fallback (1): netlink is not available here; /proc/net was read.\n');
  });
});

describe('a busy host', () => {
  const grid = Array.from({ length: 2_000 }, (_, index) =>
    aListener({ port: 20_000 + index, registry: facts({ status: 'unassigned', range: 'user', service: null }), owners: [anOwner({ pid: 5_000 + index, name: 'java', exe: '/usr/bin/java' })] }),
  );

  it('with 2,000 listeners of one program is one line', () => {
    expect(print(aReport(grid))).toContain('\n  20000-21999/tcp  0.0.0.0  java[5000,5001,5002 +1997 more]  unassigned  root\n');
    expect(print(aReport(grid)).split('\n')).toHaveLength(8);
  });

  it('names the ports of a fold with holes', () => {
    const text = print(aReport(grid.filter(({ port }) => port! < 20_010 || port! > 21_989)));
    expect(text).toContain('\n  20 ports/tcp  ');
    expect(text).toContain('\n      20000-20009, 21990-21999\n');
  });

  it('counts the ports of a fold that it has no room for', () => {
    const text = print(aReport(grid.filter(({ port }) => port! % 2 === 0)));
    expect(text).toMatch(/\n {6}20000, 20002, [^…]*\d and 9\d\d more\n/);
    const shown = /20000, 20002[\s\d,]*\d/.exec(text)![0].split(',').length;
    expect(text).toContain(` and ${1000 - shown} more`);
    expect(text.split('\n')).toHaveLength(12);
  });

  it('does not fold a socket without an owner away, and tells of it with and without findings', () => {
    const detail = 'of 2 sockets that share the port, 1 without an owner: every process was looked into and none holds it';
    const odd = grid.slice(0, 20).map((listener, index) => (index === 7 ? { ...listener, sockets: 2, ownerNote: { code: 'no-holder' as const, detail } } : listener));
    const text = print(aReport(odd), { columns: 200 });
    expect(text).toContain('\n  20007/tcp  ');
    expect(text).toContain(`\n      ${detail}\n`);
    const found = odd.map((listener) => ({ ...listener, findings: listener.ownerNote === null ? [] : [aFinding({ rule: 'sibling-without-owner', severity: 'warning' })] }));
    expect(print(aReport(found), { columns: 200 })).toContain(`\n      ${detail}\n      sibling-without-owner\n`);
  });

  it('gives each advice once, with the ports that it is about', () => {
    const text = print(aReport(grid.map((listener) => ({ ...listener, findings: [aFinding({ rule: 'unassigned-exposed', severity: 'warning' })] }))));
    expect(text).toContain('WARNING (2000)\n');
    expect(text.match(/Find the owner first/g)).toHaveLength(1);
    expect(text).toContain('\n  20000-21999/tcp, by rule unassigned-exposed\n');
    expect(text).toContain('\n  More: portreeve explain 20000/tcp\n');
    expect(text.split('\n').length).toBeLessThan(25);
  });
});

describe('the cells', () => {
  const row = (partial: Parameters<typeof aListener>[0]): string =>
    print(aReport([aListener(partial)]), { columns: 200 }).split('\n').find((line) => /^ {2}\S+\/(?:tcp|udplite|raw|any)/.test(line) || line.startsWith('  raw'))!;

  it.each<[string, Parameters<typeof aListener>[0], string]>([
    ['a dual-stack wildcard', { address: '::', dualStack: true }, '[::] v4+v6'],
    ['an IPv6-only wildcard', { address: '::' }, '  [::]  '],
    ['an interface', { address: 'fe80::1', interface: 'eth0' }, '[fe80::1]%eth0'],
    ['the kernel', { ownerKind: 'kernel', ownerNote: { code: 'kernel', detail: 'nfsd: registered at rpcbind' }, owners: [] }, 'kernel (nfsd)'],
    ['an unknown owner and why', { ownerKind: 'unknown', ownerNote: { code: 'outside-pid-namespace', detail: 'x' }, owners: [] }, 'unknown: outside PID namespace'],
    ['several programs', { owners: [anOwner({ pid: 1203, name: 'nginx' }), anOwner({ pid: 1204, name: 'nginx' }), anOwner({ pid: 9, name: 'sh' })] }, 'nginx[1203,1204] sh[9]'],
    ['a deleted executable', { owners: [anOwner({ exeDeleted: true, exeReplaced: false })] }, 'sshd[812] (deleted)'],
    ['a replaced executable', { owners: [anOwner({ exeDeleted: true, exeReplaced: true })] }, 'sshd[812] (replaced)'],
    ['a running activated service', { activation: { unit: 'ssh.socket', service: 'ssh.service' }, owners: [anOwner({ pid: 1, name: 'systemd' }), anOwner()] }, 'ssh.socket → ssh.service sshd[812]'],
    ['a container', { owners: [anOwner({ container: '0123456789abcdef'.repeat(4) })] }, 'container 0123456789ab'],
    ['a reserved port', { registry: facts({ status: 'reserved', service: null, since: '2014-05-23' }) }, 'reserved 2014-05-23'],
    ['a de-assigned port', { registry: facts({ status: 'de-assigned', service: null, since: '2019-10-30', former: 'ci3-software-2' }) }, 'de-assigned 2019-10-30 (was ci3-software-2)'],
    ['an assigned port without a service name', { registry: facts({ service: null }) }, '  assigned  '],
    ['UDP-Lite', { protocol: 'udplite' }, '22/udplite'],
    ['a raw socket', { protocol: 'raw', port: null, ipProtocol: 253, registry: null }, 'raw/253'],
  ])('show %s', (_what, partial, shown) => {
    expect(row(partial)).toContain(shown);
  });

  it('tell network namespaces apart where there are several', () => {
    const text = print(aReport([aListener(), aListener({ netns: { inode: 7, name: 'blue' } }), aListener({ netns: { inode: 8, name: null } })]));
    expect(text).toContain('NETNS');
    expect(text).toMatch(/ blue .*\n/);
    expect(text).toMatch(/ 8 .*\n/);
    expect(print(server)).not.toContain('NETNS');
  });
});
