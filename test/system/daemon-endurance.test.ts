import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

/** Openings and closings of a day on a busy host, as fast as they go; fewer for a quick look. */
const OPENINGS = Number(process.env['ENDURANCE_OPENINGS'] ?? 100_000);
const KILLS = 20;
const KIB_PER_MIB = 1024;

/** Unassigned, so that each listener is alerted, and below what the host gives out. */
const [FIRST_PORT, PORTS] = [29_169, 830];
const SETTLE_MS = 500;
/** What a look may take to come about on a busy machine. */
const PATIENCE_MS = 2_000;
const CONFIG = `
scan: { interval: 200ms, sweep: 1s }
alerts: { settle: { critical: ${SETTLE_MS}ms, error: ${SETTLE_MS}ms, warning: ${SETTLE_MS}ms, notice: ${SETTLE_MS}ms, info: ${SETTLE_MS}ms }, resolveAfter: 1s, storm: { alerts: 10000 } }
`;

/** An opening, in milliseconds as this process counts them. */
interface Opening {
  readonly port: number;
  readonly openedAt: number;
  readonly closedAt: number;
}

function readOpenings(text: string): readonly Opening[] {
  const now = performance.now();
  const toHere = (nanoseconds: string): number => now - Number(process.hrtime.bigint() - BigInt(nanoseconds)) / 1e6;
  return text.split('\n').flatMap((line) => {
    const [port = '', openedAt, closedAt = ''] = line.split(' ');
    return openedAt === undefined ? [] : [{ port: Number(port), openedAt: toHere(openedAt), closedAt: closedAt === '0' ? Infinity : toHere(closedAt) }];
  });
}

describeUnless(missingForSandbox(), 'a daemon that lives long', () => {
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

  /** Resident memory in MiB, and open descriptors. */
  const measure = async (): Promise<{ memory: number; descriptors: number }> => {
    const { stdout } = await sandbox.run(['sh', '-c', 'grep VmRSS /proc/$0/status; ls /proc/$0/fd | wc -l', String(daemon.pid)]);
    const [memory = '', descriptors = ''] = stdout.split('\n');
    return { memory: Number(/\d+/.exec(memory)?.[0]) / KIB_PER_MIB, descriptors: Number(descriptors) };
  };

  it(`takes ${OPENINGS} openings and closings with memory that stays flat and below 90 MiB`, { timeout: 300_000 }, async () => {
    daemon = await startDaemon(sandbox, { config: '' });
    const flood = sandbox.run([PYTHON, '/run/portreeve/test/bench/flood.py', String(OPENINGS), '2', '0.3'], { seconds: 240 });
    const samples: { memory: number; descriptors: number }[] = [];
    for (let ended = null; ended === null; ended = await Promise.race([flood, pause(0.5).then(() => null)])) samples.push(await measure());
    expect(await flood).toMatchObject({ code: 0 });
    const { state, eventLog } = await daemon.status();
    expect({ state, writable: eventLog.writable }).toEqual({ state: 'running', writable: true });
    const memory = samples.map((sample) => sample.memory);
    expect(Math.max(...memory)).toBeLessThan(90);
    const quarter = (n: number): number => Math.max(...memory.slice(Math.floor((memory.length * n) / 4), Math.ceil((memory.length * (n + 1)) / 4)));
    // The first quarter is the warming up.
    expect(quarter(3)).toBeLessThan(quarter(1) + 6);
    const warm = samples.slice(samples.length >> 2).map(({ descriptors }) => descriptors);
    expect(Math.max(...warm) - Math.min(...warm)).toBeLessThanOrEqual(4);
  });

  it(`is killed ${KILLS} times at random moments: its state always loads, each opening that it can have seen is told, and none twice`, { timeout: 240_000 }, async () => {
    daemon = await startDaemon(sandbox, { config: CONFIG });
    const log = join(daemon.folder, 'openings');
    const churn = await sandbox.start<{ pid: number }>('recorded-churn.py', ['1', String(FIRST_PORT), String(PORTS), log]);
    /** From when to when each run of the daemon was at work for certain. */
    const runs: { from: number; to: number }[] = [{ from: performance.now(), to: 0 }];
    /** When each run began at the earliest: what was open by then it found at its first look. */
    const starts: { before: number; ready: number }[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      // Mostly before anything has settled; each fifth time long enough for what opens meanwhile.
      await pause(round % 5 === 4 ? 3.5 : 0.2 + ((round * 7919) % 13) / 10);
      const before = performance.now();
      runs.at(-1)!.to = before;
      await daemon.restart('SIGKILL');
      const ready = performance.now();
      starts.push({ before, ready });
      runs.push({ from: ready, to: 0 });
    }
    await pause(1 + PATIENCE_MS / 1000);
    runs.at(-1)!.to = performance.now();
    sandbox.kill(churn.pid, 'SIGTERM');
    while (!readFileSync(log, 'utf8').endsWith('end\n')) await pause(0.1);
    await daemon.restart('SIGTERM');
    expect(daemon.log()).not.toMatch(/cannot be used|was damaged|set aside/);

    const { stdout } = await sandbox.portreeve(['history', '--limit', '10000', '--format', 'ndjson', '--state-dir', join(daemon.folder, 'state')]);
    const logged = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
    expect(logged.map(({ sequence }) => sequence)).toEqual(logged.map((_, index) => (logged[0]?.sequence ?? 0) + index));

    const openings = readOpenings(readFileSync(log, 'utf8'));
    const times = new Map(openings.map(({ port }) => [port, 0]));
    for (const { kind, audience, listener } of logged) {
      const port = listener?.port ?? 0;
      if (kind === 'opened' && audience === 'alert' && times.has(port)) times.set(port, (times.get(port) ?? 0) + 1);
    }
    const mustBeTold = openings.filter(
      ({ openedAt, closedAt }) =>
        starts.some(({ before, ready }) => openedAt + SETTLE_MS < before && closedAt > ready) ||
        runs.some(({ from, to }) => Math.min(closedAt, to) - Math.max(openedAt, from) > SETTLE_MS + PATIENCE_MS),
    );
    expect(mustBeTold.length).toBeGreaterThan(50);
    expect(mustBeTold.filter(({ port }) => times.get(port) === 0)).toEqual([]);
    // Each port was opened once.
    expect([...times].filter(([, count]) => count > 1)).toEqual([]);

    // What the sink was sent is what the log has for it: nothing missing; a kill between sending and noting it sends one batch again.
    const sent = daemon.events();
    const wanted = logged.filter(({ audience }) => audience === 'alert').map(({ id }) => id);
    expect([...new Set(sent.map(({ id }) => id))]).toEqual(wanted);
    expect(sent.length - wanted.length).toBeLessThan(wanted.length / 2);
  });
});
