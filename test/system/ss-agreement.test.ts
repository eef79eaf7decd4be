import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditedListener, AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForBpf, missingForSandbox, missingInterfaceKind, missingProtocol } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { parseSs, type SsRow } from './ss.ts';

interface Opened {
  readonly listeners: readonly {
    readonly protocol: string;
    readonly address: string;
    readonly port: number | null;
    readonly interface: string | null;
    readonly dualStack: boolean;
    readonly pids: readonly number[];
    readonly toldBySs: boolean;
  }[];
  readonly absent: readonly number[];
}

const missingVxlan = missingInterfaceKind('vxlan', 'id', '42', 'dstport', '4789');
const VXLAN_PORT = 4789;

/** /proc/net tells neither the interface that a socket is bound to nor IPV6_V6ONLY. */
type Detail = 'with interfaces' | 'without interfaces';

function placeOf(row: { protocol: string; address: string; port: number | null; interface: string | null; dualStack: boolean }, detail: Detail): string {
  const place = `${row.protocol} [${row.address}]:${row.port}`;
  return detail === 'with interfaces' ? `${place} on ${row.interface ?? 'all'}${row.dualStack ? ' dual-stack' : ''}` : place;
}

/** Pids by place: sockets that share a place (SO_REUSEPORT) are one entry. */
function pidsByPlace<T>(rows: readonly T[], place: (row: T) => string, pids: (row: T) => readonly number[]): ReadonlyMap<string, readonly number[]> {
  const byPlace = new Map<string, Set<number>>();
  for (const row of rows) {
    const known = byPlace.get(place(row)) ?? new Set();
    for (const pid of pids(row)) known.add(pid);
    byPlace.set(place(row), known);
  }
  return new Map([...byPlace].map(([key, set]): [string, number[]] => [key, [...set].sort((a, b) => a - b)]).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isPort = ({ protocol }: { protocol: string }) => protocol === 'tcp' || protocol === 'udp';
const ownerPids = ({ owners }: AuditedListener) => owners.map(({ pid }) => pid);

const WAYS = [['netlink', 'proc'], ['procfs', 'proc'], ...(await missingForBpf() === null ? [['netlink', 'bpf'] as const] : [])] as const;

describeUnless(missingForSandbox(), 'beside ss, on a host with every kind of listener', () => {
  let sandbox: Sandbox;
  let opened: Opened;

  beforeAll(async () => {
    sandbox = await openSandbox();
    const links = ['ip link add outside type veth peer name far', 'ip link set outside up', 'ip link set far up', 'ip addr add 192.0.2.1/24 dev outside'];
    const addresses = ['2001:db8::1/64', 'fe80::1/64'].map((address) => `ip addr add ${address} dev outside nodad`);
    const vxlan = missingVxlan === null ? [`ip link add overlay type vxlan id 42 dstport ${VXLAN_PORT} dev outside`, 'ip link set overlay up'] : [];
    const made = await sandbox.run(['sh', '-euc', [...links, ...addresses, ...vxlan].join('\n')]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    opened = await sandbox.start<Opened>('every-kind-of-listener.py');
  });

  afterAll(() => sandbox.close());

  describe.each(WAYS)('the source %s, owners by %s', (source, owners) => {
    const detail: Detail = source === 'netlink' ? 'with interfaces' : 'without interfaces';
    let rows: readonly SsRow[] = [];
    let report: AuditReport;

    beforeAll(async () => {
      rows = parseSs((await sandbox.run(['ss', '-Htulnp'])).stdout);
      report = await sandbox.audit(['--source', source, '--owners', owners]);
    });

    it('is the one that the audit says it used', () => {
      expect(report.coverage).toMatchObject({ source, owners });
    });

    it('gives the same set of listeners as ss', () => {
      const theirs = [...pidsByPlace(rows, (row) => placeOf(row, detail), () => []).keys()];
      const ours = [...pidsByPlace(report.listeners.filter(isPort), (row) => placeOf(row, detail), () => []).keys()];
      expect(ours).toEqual(theirs);
      expect(ours.length).toBeGreaterThan(30);
    });

    it('names at least the processes that ss names', () => {
      const ours = pidsByPlace(report.listeners.filter(isPort), (row) => placeOf(row, detail), ownerPids);
      for (const [place, pids] of pidsByPlace(rows, (row) => placeOf(row, detail), (row) => row.pids)) {
        expect(ours.get(place), place).toEqual(expect.arrayContaining([...pids]));
      }
    });

    it('names exactly the processes that hold each listener, also where ss names none', () => {
      const place = (row: Parameters<typeof placeOf>[0]) => placeOf(row, detail);
      const truth = pidsByPlace(opened.listeners, place, ({ pids }) => pids);
      const processes = report.listeners.filter(({ ownerKind }) => ownerKind === 'process');
      expect(pidsByPlace(processes, place, ownerPids)).toEqual(truth);
      expect(opened.listeners.filter(({ toldBySs }) => !toldBySs)).toHaveLength(2);
    });

    it('leaves out a bound TCP socket that does not listen, and what is connected', () => {
      const ports = report.listeners.map(({ port }) => port);
      expect(opened.absent).toHaveLength(3);
      for (const port of opened.absent) expect(ports).not.toContain(port);
    });

    it('folds SO_REUSEPORT siblings, and counts their sockets', () => {
      expect(report.listeners.filter(({ port }) => port === 1021).map(({ protocol, sockets }) => [protocol, sockets])).toEqual([
        ['tcp', 2],
        ['udp', 2],
      ]);
    });

    it('says which executables are deleted or were never in a file system', () => {
      const owner = (port: number) => report.listeners.find((listener) => listener.port === port)?.owners[0];
      expect(owner(1061)).toMatchObject({ exeDeleted: true, exeReplaced: false });
      expect(owner(1061)?.exe).toMatch(/^\/tmp\/.*\/gone$/);
      expect(owner(1062)).toMatchObject({ exe: '/memfd:nowhere', exeDeleted: true });
    });

    it('shows a raw socket as raw, without a port', () => {
      expect(report.listeners.filter(({ protocol }) => protocol === 'raw')).toMatchObject([{ port: null, ipProtocol: 1, registry: null }]);
    });

    it('names the owner of everything', () => {
      expect(report.listeners.filter(({ ownerKind }) => ownerKind === 'unknown')).toEqual([]);
      expect(report.coverage.gaps.filter(({ hides }) => hides !== 'details')).toEqual([]);
      expect(report.coverage.complete).toBe(true);
    });
  });

  describeUnless(missingProtocol('UDP-Lite'), 'UDP-Lite', () => {
    it.each(['netlink', 'procfs'] as const)('is seen in both families (%s)', async (source) => {
      const { listeners } = await sandbox.audit(['--source', source]);
      const seen = listeners.filter(({ protocol }) => protocol === 'udplite').map(({ address, port }) => [address, port]);
      expect(seen).toEqual([
        ['127.0.0.1', 1051],
        ['::1', 1052],
      ]);
    });
  });

  describeUnless(missingVxlan, 'a VXLAN interface', () => {
    it.each(['netlink', 'procfs'] as const)('has its port given to the kernel (%s)', async (source) => {
      const { listeners } = await sandbox.audit(['--source', source]);
      const kernel = listeners.filter(({ port }) => port === VXLAN_PORT);
      expect(kernel.length).toBeGreaterThan(0);
      for (const listener of kernel) {
        expect(listener).toMatchObject({ protocol: 'udp', ownerKind: 'kernel', owners: [], ownerNote: { code: 'kernel' } });
        expect(listener.ownerNote?.detail).toContain('the vxlan interface overlay');
      }
    });
  });

  it('tells dual-stack from IPv6-only over netlink', async () => {
    const { listeners } = await sandbox.audit(['--source', 'netlink']);
    const dualStack = (port: number) => listeners.filter((listener) => listener.port === port && listener.family === 'ipv6').map((listener) => listener.dualStack);
    expect(dualStack(1011)).toEqual([true, true]);
    expect(dualStack(1012)).toEqual([false, false]);
    expect(dualStack(1013)).toEqual([false, false]);
  });
});
