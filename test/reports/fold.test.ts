import { describe, expect, it } from 'vitest';
import { foldListeners } from '../../src/reports/fold.ts';
import { aFinding, aListener, anOwner, facts } from '../fixtures/audit-report.ts';

type Partial = Parameters<typeof aListener>[0];
const onPorts = (count: number, partial: Partial = {}): ReturnType<typeof aListener>[] =>
  Array.from({ length: count }, (_, index) => aListener({ port: 20_000 + index, registry: facts({ status: 'unassigned', service: null }), ...partial }));
const sizes = (listeners: ReturnType<typeof aListener>[]): number[] => foldListeners(listeners).map((fold) => fold.listeners.length);

describe('foldListeners', () => {
  it('leaves eight alike as they are, and folds nine', () => {
    expect(sizes(onPorts(8))).toEqual(Array(8).fill(1));
    expect(foldListeners(onPorts(9))).toEqual([{ listeners: onPorts(9), over: 'ports' }]);
  });

  it('folds one port on many addresses', () => {
    const listeners = Array.from({ length: 12 }, (_, index) => aListener({ port: 53, address: `10.0.0.${index}`, scope: 'private' }));
    expect(foldListeners(listeners)).toEqual([{ listeners, over: 'addresses' }]);
  });

  it('counts the processes of one program as one owner', () => {
    expect(sizes(onPorts(20).map((listener, index) => ({ ...listener, owners: [anOwner({ pid: 100 + index })] })))).toEqual([20]);
  });

  it.each<[string, Partial]>([
    ['protocol', { protocol: 'udp' }],
    ['address', { address: '127.0.0.1', scope: 'loopback' }],
    ['interface', { interface: 'eth0' }],
    ['namespace', { netns: { inode: 7, name: 'blue' } }],
    ['owner', { owners: [anOwner({ exe: '/tmp/sshd' })] }],
    ['state of the executable', { owners: [anOwner({ exeDeleted: true })] }],
    ['user', { owners: [anOwner({ user: 'mallory', uid: 1000 })] }],
    ['registry status', { registry: facts({ status: 'reserved', service: null }) }],
    ['findings', { findings: [aFinding()] }],
    ['exceptions', { findings: [aFinding({ excepted: { id: 'x', reason: 'y', expires: null } })] }],
  ])('never folds away another %s', (_what, other) => {
    expect(sizes([...onPorts(20), aListener({ port: 20_100, registry: facts({ status: 'unassigned', service: null }), ...other })])).toEqual([20, 1]);
  });

  it('keeps the services of listeners apart whose owner is unknown', () => {
    const unknown = { ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'x' }, owners: [] } as const;
    const assigned = onPorts(20, unknown).map((listener, index) => ({ ...listener, registry: facts({ service: `service-${index}` }) }));
    expect(sizes(assigned)).toEqual(Array(20).fill(1));
    expect(sizes(onPorts(20, unknown))).toEqual([20]);
  });

  it('stands where its first listener stood', () => {
    const first = aListener({ port: 1 });
    const last = aListener({ port: 60_000 });
    const folds = foldListeners([first, ...onPorts(10), last]);
    expect(folds.map((fold) => fold.listeners[0].port)).toEqual([1, 20_000, 60_000]);
  });

  it('never folds raw sockets, which have no port', () => {
    expect(sizes(onPorts(12, { port: null, protocol: 'raw', ipProtocol: 1 }))).toEqual(Array(12).fill(1));
  });
});
