import { beforeEach, describe, expect, it } from 'vitest';
import { createAlertBook } from '../../src/alerts/alert-book.ts';
import { createCoverageWatch } from '../../src/daemon/coverage-watch.ts';
import { createExceptionUse } from '../../src/daemon/exception-use.ts';
import type { Inputs } from '../../src/daemon/inputs.ts';
import { createTurns, type Turns } from '../../src/daemon/turns.ts';
import type { AlertConfig } from '../../src/model/config.ts';
import type { Listener, Owner } from '../../src/model/listener.ts';
import type { HostWatcher, Look, LookHint } from '../../src/pass/watch-host.ts';
import type { KernelEvent } from '../../src/sources/tracefs/kernel-event.ts';

let fields: Set<string>;
let isHearing: boolean;
let pending: KernelEvent<Owner>[];
let hints: (LookHint | 'sweep')[];
let glances: boolean[];
let isQuiet: boolean;
let fault: Error | null;
let listeners: readonly Listener[];
let judged: number;
let onLook: () => void;
let turns: Turns;

const NOTHING = { source: 'netlink', gaps: [], ephemeralPorts: null, changed: false, uncertain: new Set<number>(), appeared: [], vanished: [], newNamespaces: [], durationMs: 1 } as const;
const listen = (socket: bigint): KernelEvent<Owner> => ({ kind: 'listen', protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 1302, socket, timestamp: 1n, thread: null, caller: null }) as unknown as KernelEvent<Owner>;
const close = (socket: bigint): KernelEvent<Owner> => ({ kind: 'close', protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 1302, socket, timestamp: 2n, thread: null }) as unknown as KernelEvent<Owner>;

/** Looks of which nothing is news. */
const watcher: HostWatcher = {
  look(hint = {}) {
    hints.push(hint);
    onLook();
    return fault === null ? Promise.resolve<Look>({ ...NOTHING, listeners }) : Promise.reject(fault);
  },
  sweep() {
    hints.push('sweep');
    return Promise.resolve<Look>({ ...NOTHING, listeners });
  },
  glance(isTcpSteady) {
    glances.push(isTcpSteady);
    return isQuiet;
  },
  namespaces: () => [],
  close: () => undefined,
};

beforeEach(() => {
  fields = new Set();
  const inputs = { policy: { fields }, registry: {}, exceptions: [] } as unknown as Inputs;
  isHearing = true;
  pending = [];
  hints = [];
  glances = [];
  isQuiet = true;
  fault = null;
  listeners = [];
  judged = 0;
  onLook = () => undefined;
  const clock = { now: () => new Date(0), steady: () => 0 };
  const config: AlertConfig = {
    settle: { info: 0, notice: 0, warning: 0, error: 0, critical: 0 }, settleEphemeralUdp: 0, resolveAfter: 0, reminder: null, expiryNotice: 7,
    flapping: { openings: 5, within: 1000 }, storm: { alerts: 20, within: 1000 }, transient: { severity: 'error', repeats: 5, within: 1000 },
  } as unknown as AlertConfig;
  turns = createTurns({
    watcher,
    judge: {
      judge: () => {
        judged += 1;
        return [];
      },
      renew: () => undefined,
    },
    book: createAlertBook({ config, clock, saved: null }),
    use: createExceptionUse(null),
    coverage: createCoverageWatch(null),
    inputs: () => inputs,
    unusedAfter: () => 0,
    clock,
    monotonic: () => 0n,
    drain: () => pending.splice(0),
    isHearing: () => isHearing,
  });
});

/** What each of so many looks was told of TCP. */
async function look(count: number): Promise<readonly (boolean | undefined)[]> {
  hints = [];
  for (let each = 0; each < count; each += 1) await turns.take('look');
  return hints.map((hint) => (hint === 'sweep' ? undefined : hint.isTcpSteady));
}

describe('TCP counts as steady', () => {
  it('two looks after the start, as long as nothing is told', async () => {
    expect(await look(4)).toEqual([false, false, true, true]);
  });

  it('never while the kernel tells nothing, nor right after', async () => {
    isHearing = false;
    expect(await look(4)).toEqual([false, false, false, false]);
    isHearing = true;
    expect(await look(3)).toEqual([false, false, true]);
  });

  it.each<readonly [string, KernelEvent<Owner>]>([
    ['an opening that is over', close(7n)],
    ['lost events', { kind: 'lost', count: 1 }],
    ['a meddler', { kind: 'blind', reason: 'someone altered it' }],
  ])('two looks after %s', async (_what, event) => {
    await look(2);
    turns.hear([event]);
    expect(await look(3)).toEqual([false, false, true]);
  });

  it('not while an opening is unexplained, for the socket can be seen a moment after the event only', async () => {
    await look(2);
    turns.hear([listen(7n)]);
    expect(await look(4)).toEqual([false, false, false, false]);
    turns.hear([close(7n)]);
    expect(await look(3)).toEqual([false, false, true]);
  });

  it('not after a look that failed', async () => {
    await look(1);
    turns.hear([close(7n)]);
    fault = new Error('no files left');
    await expect(turns.take('look')).rejects.toThrow(fault);
    fault = null;
    expect(await look(3)).toEqual([false, false, true]);
  });
});

describe('an event', () => {
  it('asks for a look, once', () => {
    turns.hear([listen(7n)]);
    expect([turns.takeAsked(), turns.takeAsked()]).toEqual([true, false]);
  });

  it('that came while a look was under way asks for another', async () => {
    onLook = () => { pending = [close(7n)]; };
    await turns.take('look');
    expect(turns.takeAsked()).toBe(true);
  });

  it('is left to who waits for it where the look is a steady one', async () => {
    await look(2);
    pending = [listen(7n)];
    await turns.take('look');
    expect(pending).toHaveLength(1);
  });
});

describe('a sweep of which nothing is news', () => {
  it('judges nothing anew, and leaves nothing to save', async () => {
    await turns.take('sweep');
    expect([judged, turns.takeLearned()]).toEqual([1, true]);
    await turns.take('sweep');
    expect([judged, turns.takeLearned()]).toEqual([1, false]);
  });

  it.each(['age', 'peers', 'exePackage'])('judges all anew where a rule asks for %s', async (field) => {
    fields.add(field);
    await turns.take('sweep');
    await turns.take('sweep');
    expect(judged).toBe(2);
  });

  it('tells how many events were lost at once, those after it once a minute, and what is left when the daemon stops', async () => {
    const losses = (drafts: readonly { readonly kind: string; readonly detail: object }[]) => drafts.filter(({ kind }) => kind === 'loss').map(({ detail }) => detail);
    turns.hear([{ kind: 'lost', count: 3 }]);
    expect(losses(await turns.take('look'))).toEqual([{ count: 3, source: 'tracefs' }]);
    turns.hear([{ kind: 'lost', count: 4 }]);
    expect(losses(await turns.take('look'))).toEqual([]);
    expect(losses(turns.close())).toEqual([{ count: 4, source: 'tracefs' }]);
    expect(turns.close()).toEqual([]);
  });
});

describe('a glance', () => {
  const isTold = (events: readonly KernelEvent<Owner>[]): boolean => {
    turns.hear(events);
    return turns.glance();
  };

  it('stands for a look where the sockets are the same, and TCP counts as steady while the kernel tells of it', async () => {
    await look(2);
    const { ticks } = turns.counters;
    expect(turns.glance()).toBe(true);
    isHearing = false;
    expect(turns.glance()).toBe(true);
    expect(glances).toEqual([true, false]);
    expect(turns.counters.ticks).toBe(ticks + 2);
  });

  it('is not enough before the first look, where the sockets are others, and right after the start', async () => {
    expect(turns.glance()).toBe(false);
    await look(1);
    expect(turns.glance()).toBe(false);
    await look(1);
    isQuiet = false;
    expect(turns.glance()).toBe(false);
    expect(turns.counters.ticks).toBe(2);
  });

  it.each<readonly [string, readonly KernelEvent<Owner>[]]>([
    ['an opening', [listen(7n)]],
    ['an opening that is over', [listen(7n), close(7n)]],
    ['lost events', [{ kind: 'lost', count: 1 }]],
    ['a meddler', [{ kind: 'blind', reason: 'someone altered it' }]],
  ])('is not enough after %s', async (_what, events) => {
    await look(2);
    expect(isTold(events)).toBe(false);
    expect(glances).toEqual([]);
  });

  it('asks for two looks when the kernel tells again', async () => {
    await look(2);
    isHearing = false;
    expect(turns.glance()).toBe(true);
    isHearing = true;
    expect(turns.glance()).toBe(false);
    expect(await look(3)).toEqual([false, false, true]);
    expect(turns.glance()).toBe(true);
  });
});
