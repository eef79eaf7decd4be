import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { KernelEvent } from '../../src/sources/tracefs/kernel-event.ts';
import { createKernelEvents, type KernelEventReader } from '../../src/sources/tracefs/kernel-events.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { FIXTURES, PYTHON } from './sandbox.ts';

function missingForTracing(): string | null {
  const missing = missingForSandbox(['mount', 'umount']);
  if (missing !== null) return missing;
  if (readlinkSync('/proc/self/ns/pid') !== 'pid:[4026531836]') return 'needs the first PID namespace';
  if (!readFileSync('/proc/filesystems', 'latin1').includes('tracefs')) return 'the kernel lacks tracefs';
  return null;
}

const EVENT = 'events/sock/inet_sock_set_state';
const QUIET = { debug: () => undefined, info: () => undefined, warning: () => undefined, error: () => undefined };

interface ShortListeners {
  readonly pid: number;
  readonly exe: string;
  /** Runs them all; resolves when the last has closed. */
  run(): Promise<void>;
  end(): Promise<void>;
}

/** In a network namespace of their own and the process tree of this one, as the agent sees a host. */
async function startListeners(count: number, life: number, pace: number): Promise<ShortListeners> {
  const script = `ip link set lo up; exec ${PYTHON} -u "$@"`;
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn('unshare', ['-n', 'sh', '-euc', script, 'sh', join(FIXTURES, 'short-listeners.py'), ...[count, life, pace].map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { pid, exe } = JSON.parse(String((await lines.next()).value)) as { pid: number; exe: string };
  return {
    pid,
    exe,
    async run() {
      child.stdin.write('go\n');
      await lines.next();
    },
    async end() {
      const ended = once(child, 'exit');
      child.stdin.end('end\n');
      await ended;
    },
  };
}

/** Everything up to the end of `work`, and what is in the buffers then. */
async function hear<T>(reader: KernelEventReader<T>, work: Promise<void>): Promise<KernelEvent<T>[]> {
  const events: KernelEvent<T>[] = [];
  let over = false;
  const ending = work.then(() => { over = true; });
  do events.push(...(await reader.next(100)));
  while (!over as boolean);
  await ending;
  events.push(...reader.drain());
  return events;
}

describeUnless(missingForTracing(), 'the kernel\'s own events', () => {
  let root: string;
  let now = 0;
  let opened: KernelEventReader<string>[] = [];
  /** A mount of its own, so that the one of this machine is not needed and not touched. */
  const mount = (): void => { execFileSync('mount', ['-t', 'tracefs', 'nodev', root]); };
  const instance = (name: string): string => join(root, 'instances', name);

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'portreeve-tracing-'));
    mount();
  });

  afterEach(async () => {
    for (const reader of opened) await reader.close();
    opened = [];
  });

  afterAll(() => {
    execFileSync('umount', ['-l', root]);
    rmdirSync(root);
  });

  function open(): KernelEventReader<string> {
    const identify = (thread: number): string | null => {
      try {
        return readlinkSync(`/proc/${thread}/exe`);
      } catch {
        return null;
      }
    };
    const reader = createKernelEvents({ clock: { now: () => new Date(), steady: () => now }, logger: QUIET, identify, roots: [root] });
    opened.push(reader);
    return reader;
  }

  it('tell of each of 1,000 listeners that live for a millisecond, with port, address and caller', async () => {
    const reader = open();
    const listeners = await startListeners(1000, 1, 3);
    const events = (await hear(reader, listeners.run())).filter((event) => event.kind === 'lost' || event.kind === 'blind' || event.thread === listeners.pid);
    await listeners.end();
    const listened = events.filter((event) => event.kind === 'listen');
    expect(listened.map(({ port }) => port)).toEqual(Array.from({ length: 1000 }, (_, index) => 20_000 + index));
    expect(events.filter((event) => event.kind === 'close').map(({ port }) => port)).toEqual(listened.map(({ port }) => port));
    expect(new Set(listened.map(({ protocol, address, caller }) => `${protocol} ${address} ${String(caller)}`))).toEqual(new Set([`tcp 127.0.0.1 ${listeners.exe}`]));
    expect(reader.state()).toMatchObject({ mode: 'tracefs', lost: 0 });
  });

  it('that no one reads in time are lost, and exactly so many are reported', async () => {
    const reader = open();
    const listeners = await startListeners(40_000, 0, 0);
    // All of them before the first is read.
    await listeners.run();
    const events = reader.drain();
    await listeners.end();
    const seen = events.filter((event) => (event.kind === 'listen' || event.kind === 'close') && event.thread === listeners.pid);
    const others = events.filter((event) => (event.kind === 'listen' || event.kind === 'close') && event.thread !== listeners.pid);
    const lost = events.flatMap((event) => (event.kind === 'lost' ? [event.count] : [])).reduce((sum, count) => sum + count, 0);
    expect(lost).toBeGreaterThan(0);
    expect(reader.state().lost).toBe(lost);
    // Whatever else listened on this machine meanwhile may be among the lost.
    expect(seen.length + lost).toBeGreaterThanOrEqual(80_000);
    expect(seen.length + lost).toBeLessThanOrEqual(80_000 + others.length + 100);
  });

  it('wake a reader that waits', async () => {
    const reader = open();
    const listeners = await startListeners(1, 0, 0);
    const waiting = hear(reader, listeners.run());
    expect((await waiting).filter((event) => 'port' in event && event.thread === listeners.pid)).toHaveLength(2);
    await listeners.end();
  });

  it('come from an instance that goes again, whatever a predecessor left', async () => {
    mkdirSync(instance('portreeve'));
    writeFileSync(join(instance('portreeve'), EVENT, 'enable'), '1');
    const reader = open();
    expect(readFileSync(join(instance('portreeve'), EVENT, 'filter'), 'latin1')).toBe('newstate==10||oldstate==10\n');
    // Ending a wait takes no time.
    const waiting = reader.next(1000);
    await reader.close();
    expect(await waiting).toEqual([]);
    expect(existsSync(instance('portreeve'))).toBe(false);
  });

  it('leave the instance of a live agent, and of a stranger, alone', async () => {
    mkdirSync(instance('portreeve'));
    const held = openSync(join(instance('portreeve'), 'trace'), 'r');
    mkdirSync(instance('portreeve-2'));
    writeFileSync(join(instance('portreeve-2'), 'events/sched/sched_process_exec/enable'), '1');
    const reader = open();
    expect(existsSync(instance('portreeve-3'))).toBe(true);
    await reader.close();
    closeSync(held);
    expect(['portreeve', 'portreeve-2', 'portreeve-3'].map((name) => existsSync(instance(name)))).toEqual([true, true, false]);
    rmdirSync(instance('portreeve'));
    rmdirSync(instance('portreeve-2'));
  });

  it('go on after someone switched them off, and say so', async () => {
    const reader = open();
    writeFileSync(join(instance('portreeve'), EVENT, 'enable'), '0');
    writeFileSync(join(instance('portreeve'), EVENT, 'filter'), '0');
    writeFileSync(join(instance('portreeve'), 'set_event_pid'), '1');
    now += 30_000;
    expect(await reader.next(0)).toEqual([{ kind: 'blind', reason: `someone altered set_event_pid, ${EVENT}/filter, ${EVENT}/enable of ${instance('portreeve')}` }]);
    const listeners = await startListeners(1, 0, 0);
    expect((await hear(reader, listeners.run())).filter((event) => 'port' in event && event.thread === listeners.pid)).toHaveLength(2);
    await listeners.end();
    now += 30_000;
    expect(await reader.next(0)).toEqual([]);
  });

  it('give way to polling when tracefs is unmounted under them, and come back with it', async () => {
    const reader = open();
    const listeners = await startListeners(1, 0, 0);
    await listeners.run();
    await listeners.end();
    execFileSync('umount', ['-l', root]);
    now += 30_000;
    const events = await reader.next(0);
    expect(events.filter((event) => 'port' in event && event.thread === listeners.pid)).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ kind: 'blind' });
    expect(reader.state().mode).toBe('polling');
    mount();
    // Out of reach when it was given up, the instance is still there, and is taken over.
    expect(existsSync(instance('portreeve'))).toBe(true);
    now += 30_000;
    await reader.next(0);
    expect(reader.state().mode).toBe('tracefs');
    await reader.close();
    expect(existsSync(instance('portreeve'))).toBe(false);
    expect(existsSync(instance('portreeve-2'))).toBe(false);
  });
});
