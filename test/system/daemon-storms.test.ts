import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { HASTY, pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

/** Half of what the unit allows (MemoryMax=256M): what the daemon stays below whatever comes. Bytes. */
const MOST_MEMORY = 128 * (1 << 20);

/** The kernel tells of the whole machine: a port that nothing else is likely to use. */
const SHORT_PORT = 27183;
/** Opens so many listeners on one port, one after the other, each for a millisecond, evenly over the time. */
const SHORT = `
import socket, sys, time
count, seconds, port = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
began = time.monotonic()
for each in range(count):
    time.sleep(max(0, began + each * seconds / count - time.monotonic()))
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port))
    s.listen()
    time.sleep(0.001)
    s.close()
`;
/** Opens so many listeners at once, says so, and keeps them. */
const MANY = `
import resource, signal, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
held = []
for port in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[1])):
    s = socket.socket()
    s.bind(("0.0.0.0", port))
    s.listen(1)
    held.append(s)
open(sys.argv[3], "w").write("open")
signal.pause()
`;

describeUnless(missingForSandbox(), 'a storm of listeners', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await daemon.close();
  });
  afterAll(async () => {
    await sandbox.close();
  });

  /** All events of the log, those included that no sink is sent. Ends the daemon in good order first, so that all counts are in it. */
  const endAndRead = async (): Promise<readonly PortreeveEvent[]> => {
    await daemon.restart('SIGTERM');
    const { stdout } = await sandbox.portreeve(['history', '--limit', '10000', '--format', 'ndjson', '--state-dir', join(daemon.folder, 'state')]);
    return stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
  };
  /** How many openings of a port the events tell of: those seen in passing, and those that a look saw. */
  const openingsOf = (events: readonly PortreeveEvent[], port: number): number => {
    const own = events.filter(({ listener }) => listener?.port === port);
    // The last event of an alert knows how often it opened.
    const seen = new Map(own.flatMap(({ alert }) => (alert === null ? [] : [[alert.id, alert.openings] as const])));
    const passed = own.reduce((sum, { kind, detail }) => sum + (kind === 'transient' ? Number(detail['count']) : 0), 0);
    return passed + [...seen.values()].reduce((sum, each) => sum + each, 0);
  };

  it('of 1,000 that live a millisecond each in ten seconds: each is told once, or how many were lost', { timeout: 60_000 }, async () => {
    // Nothing settles that soon: each opening, heard of or seen, is told as a transient. Many looks and sweeps, to catch some of them.
    daemon = await startDaemon(sandbox, { config: 'scan: { interval: 200ms, sweep: 1s }\n' });
    const { mode } = (await daemon.status()).kernelEvents;
    await sandbox.run([PYTHON, '-c', SHORT, '1000', '10', String(SHORT_PORT)], { seconds: 40 });
    await pause(2);
    const events = await endAndRead();
    const lost = events.reduce((sum, { kind, detail }) => sum + (kind === 'loss' ? Number(detail['count']) : 0), 0);
    const told = openingsOf(events, SHORT_PORT);
    if (mode === 'tracefs') expect(told + lost).toBeGreaterThanOrEqual(1000);
    expect(told).toBeLessThanOrEqual(1000);
    expect(events.filter(({ kind, audience, listener }) => kind === 'transient' && audience === 'alert' && listener?.port === SHORT_PORT).length).toBeLessThanOrEqual(2);
  });

  it('of 1,000 that no kernel event tells of: none is claimed that no look saw', { timeout: 60_000 }, async () => {
    daemon = await startDaemon(sandbox, { config: HASTY.replace('scan: {', "scan: { kernelEvents: 'off',") });
    expect((await daemon.status()).kernelEvents.mode).toBe('polling');
    await sandbox.run([PYTHON, '-c', SHORT, '1000', '5', String(SHORT_PORT)], { seconds: 40 });
    await pause(1);
    const { ticks } = (await daemon.status()).scan;
    const events = await endAndRead();
    expect(openingsOf(events, SHORT_PORT)).toBeLessThanOrEqual(ticks);
    expect(events.filter(({ kind }) => kind === 'loss')).toEqual([]);
  });

  it('of 1,000 that stay: some are told one by one, one event says how many more, and each is an open alert', { timeout: 60_000 }, async () => {
    daemon = await startDaemon(sandbox, { config: HASTY.replace('sweep: 1s', 'sweep: 5s').replace('alerts: {', 'alerts: { storm: { within: 3s },') });
    const ready = join(daemon.folder, 'ready');
    const holder = sandbox.spawn([PYTHON, '-c', MANY, '1000', '20000', ready]);
    const read = () => {
      const [told, storms] = ['opened', 'storm'].map((sought) => daemon.events().filter(({ kind }) => kind === sought));
      return { told: told ?? [], storms: storms ?? [], counted: Math.max(0, ...(storms ?? []).map(({ detail }) => Number(detail['total']))) };
    };
    await daemon.next('the storm', ({ kind }) => kind === 'storm', 15);
    // On a slow machine no look shows all at once, and what the others come to is told a moment later.
    const status = await vi.waitFor(async () => {
      const now = await daemon.status();
      expect(now.listeners.total).toBe(1000);
      expect(read().told.length + read().counted).toBe(now.alerts.open);
      return now;
    }, { timeout: 20_000, interval: 250 });
    expect(status.alerts.open).toBeGreaterThan(900);
    expect(status.memory.residentBytes).toBeLessThan(MOST_MEMORY);
    const { told, storms } = read();
    // 50 for each severity, by default.
    expect(told.length).toBeLessThanOrEqual(100);
    expect(storms.length).toBeLessThanOrEqual(5);
    holder.kill();
  });

  it('of another network namespace: looks stay few, memory small, and a listener here is alerted meanwhile', { timeout: 90_000 }, async () => {
    daemon = await startDaemon(sandbox, { config: HASTY.replace('interval: 200ms', 'interval: 1s') });
    const before = (await daemon.status()).scan.ticks;
    const began = Date.now();
    const flood = sandbox.run(['unshare', '-n', 'sh', '-c', `ip link set lo up; exec ${PYTHON} /run/portreeve/test/bench/flood.py 10000 2`], { seconds: 60 });
    const file = join(daemon.folder, 'ready');
    const holder = sandbox.spawn([PYTHON, '-c', MANY, '1', '1302', file]);
    const opened = await daemon.next('the alert in the flood', ({ kind, listener }) => kind === 'opened' && listener?.port === 1302, 10);
    expect(opened.listener?.owners[0]?.exe).toMatch(/^\/usr\/bin\/python3/);
    expect(readFileSync(file, 'utf8')).toBe('open');
    await flood;
    const { scan, memory } = await daemon.status();
    // A look each 50 ms at most.
    expect(scan.ticks - before).toBeLessThanOrEqual((Date.now() - began) / 50 + 20);
    expect(memory.residentBytes).toBeLessThan(MOST_MEMORY);
    holder.kill();
  });
});
