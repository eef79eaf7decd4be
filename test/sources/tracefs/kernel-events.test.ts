import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogFields, Logger } from '../../../src/model/logger.ts';
import { createSleep, type Sleep } from '../../../src/model/sleep.ts';
import { createKernelEvents, type KernelEventOptions, type KernelEventReader } from '../../../src/sources/tracefs/kernel-events.ts';
import { MOUNT_TRACEFS } from '../../../src/sources/tracefs/find-tracefs.ts';
import { removeStaleInstances } from '../../../src/sources/tracefs/instance-folder.ts';
import { parseCpuList } from '../../../src/sources/tracefs/instance.ts';
import { makeFakeTracefs, type FakeTracefs } from '../../fixtures/tracefs/fake-tracefs.ts';
import { pagesOf, recorded } from '../../fixtures/tracefs/recorded.ts';

const EVENT = 'events/sock/inet_sock_set_state';

const containing = (text: string): unknown => expect.stringContaining(text);

let tracefs: FakeTracefs;
let now: number;
let log: string[];
let identified: number[];

beforeEach(() => {
  tracefs = makeFakeTracefs();
  now = 0;
  log = [];
  identified = [];
});

afterEach(() => { tracefs.remove(); });

function open(more: Partial<KernelEventOptions<string>> = {}): KernelEventReader<string> {
  const note = (level: string) => (message: string, fields?: LogFields) => { log.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`); };
  const logger: Logger = { debug: note('debug'), info: note('info'), warning: note('warning'), error: note('error') };
  return createKernelEvents({
    clock: { now: () => new Date(0), steady: () => now },
    logger,
    identify: (thread) => {
      identified.push(thread);
      return `/proc/${thread}/exe`;
    },
    roots: [tracefs.root],
    onlineCpus: tracefs.onlineCpus,
    pidNamespace: join(tracefs.root, 'no-such-link'),
    folders: tracefs.folders,
    sleep: announce(),
    ...more,
  });
}

/** A sleep from which everyone wakes at once, told that there is something to read; `onTake` hears how long each was to be. */
function announce(onTake: (ms: number) => void = () => undefined): Sleep {
  return {
    isPrompt: true,
    take(ms, _again, descriptor = null) {
      onTake(ms);
      return Promise.resolve(descriptor !== null);
    },
    end: () => undefined,
  };
}

function namespaceLink(target: string): string {
  const link = join(tracefs.root, 'pid-namespace');
  symlinkSync(target, link);
  return link;
}

/** The next call after the time of a check, or of another attempt. */
function later(reader: KernelEventReader<string>): ReturnType<KernelEventReader<string>['next']> {
  now += 30_000;
  return reader.next(0);
}

describe('an instance of our own', () => {
  it('has the event on, only for listeners, with a bounded buffer that wakes at once, whatever it inherited', async () => {
    const reader = open();
    const settings = ['trace_clock', 'buffer_size_kb', 'buffer_percent', 'options/overwrite', 'options/block', 'tracing_on', `${EVENT}/filter`, `${EVENT}/enable`];
    expect(settings.map((file) => tracefs.read('portreeve', file))).toEqual(['mono', '2048', '0', '1', '0', '1', 'newstate==10||oldstate==10', '1']);
    expect(reader.state()).toEqual({ mode: 'tracefs', detail: containing('2048 KiB per CPU'), lost: 0 });
    expect(reader.state().detail).toContain('DCCP at once');
    await reader.close();
  });

  it('is read at each look where the FFI package cannot be had, which is said', async () => {
    const reader = open({ sleep: createSleep() });
    tracefs.put('portreeve', 0, 'everyKind');
    expect(reader.state().detail).toContain('DCCP at each look');
    let glances = 0;
    expect(await reader.next(1, () => { glances += 1; return 1; })).toHaveLength(14);
    expect(glances).toBe(0);
    await reader.close();
  });

  it('is not waited for besides where it is read at each look', async () => {
    const timers = createSleep();
    const takes: number[] = [];
    const reader = open({ sleep: { ...timers, take: (ms, again, descriptor) => { takes.push(ms); return timers.take(ms, again, descriptor); } } });
    for (let call = 0; call < 3; call += 1) expect(await reader.next(2)).toEqual([]);
    expect(takes).toEqual([2, 2, 2]);
    await reader.close();
  });

  it('shares two MiB among the CPUs, and never leaves one with less than 32 KiB', async () => {
    writeFileSync(tracefs.onlineCpus, '0-1\n');
    const two = open();
    expect(tracefs.read('portreeve', 'buffer_size_kb')).toBe('1024');
    await two.close();
  });

  it('goes when the reader is closed', async () => {
    const reader = open();
    expect(tracefs.exists('portreeve')).toBe(true);
    await reader.close();
    expect(tracefs.exists('portreeve')).toBe(false);
    expect(reader.state().mode).toBe('polling');
    expect(await later(reader)).toEqual([]);
    expect(tracefs.exists('portreeve')).toBe(false);
  });

  it('replaces what a killed predecessor left behind, under every name', async () => {
    tracefs.leave('portreeve', 'sock:inet_sock_set_state\n');
    tracefs.leave('portreeve-2', '');
    const reader = open();
    expect(tracefs.exists('portreeve')).toBe(true);
    expect(tracefs.read('portreeve', 'set_event')).toBe('');
    expect(tracefs.exists('portreeve-2')).toBe(false);
    await reader.close();
  });

  it.each([
    ['that a live agent has open', 'sock:inet_sock_set_state\n', 'nop', true],
    ['that traces something else', 'sock:inet_sock_set_state\nsched:sched_switch\n', 'nop', false],
    ['that runs a tracer', '', 'function', false],
  ])('stays away from one %s', async (_what, events, tracer, inUse) => {
    tracefs.leave('portreeve', events, tracer);
    if (inUse) tracefs.inUse.add('portreeve');
    const reader = open();
    expect(tracefs.exists('portreeve-2')).toBe(true);
    expect(tracefs.read('portreeve', 'set_event')).toBe(events.trim());
    await reader.close();
    expect(tracefs.exists('portreeve')).toBe(true);
    expect(tracefs.exists('portreeve-2')).toBe(false);
  });

  it('is not had where eight others are in use, and that is said', () => {
    for (const name of ['portreeve', 2, 3, 4, 5, 6, 7, 8].map((each) => (typeof each === 'string' ? each : `portreeve-${each}`))) {
      tracefs.leave(name, '');
      tracefs.inUse.add(name);
    }
    expect(open().state()).toEqual({ mode: 'polling', detail: containing('eight instances'), lost: 0 });
  });

  it('can be swept away by whoever uninstalls', () => {
    tracefs.leave('portreeve', '');
    tracefs.leave('portreeve-3', 'sched:sched_switch\n');
    expect(removeStaleInstances(tracefs.path(), tracefs.folders)).toEqual(['portreeve']);
    expect(tracefs.exists('portreeve-3')).toBe(true);
  });
});

describe('events', () => {
  it('come in order of time from all CPUs, and each thread is looked at once', async () => {
    writeFileSync(tracefs.onlineCpus, '0-1\n');
    const reader = open({ pidNamespace: namespaceLink('pid:[4026531836]') });
    tracefs.put('portreeve', 0, 'flood');
    tracefs.put('portreeve', 1, 'everyKind');
    writeFileSync(tracefs.path('portreeve/per_cpu/cpu0/stats'), recorded.stats.read);
    const events = await reader.next(0);
    const [lost, ...changes] = events;
    expect(lost).toEqual({ kind: 'lost', count: 106 });
    expect(changes).toHaveLength(14 + 194);
    expect(changes.slice(2, 3)).toMatchObject([{ kind: 'listen', protocol: 'tcp', family: 'ipv6', address: '::', port: 1302, thread: recorded.pid, caller: `/proc/${recorded.pid}/exe` }]);
    expect(changes.at(-1)).toMatchObject({ kind: 'close', port: 20_149 });
    expect(identified).toEqual([recorded.pid]);
    expect(reader.state().lost).toBe(106);
    expect(reader.drain()).toEqual([]);
    await reader.close();
  });

  it('do not bear the kernel\'s addresses of sockets, and still tie those of one socket together', async () => {
    const reader = open();
    tracefs.put('portreeve', 0, 'everyKind');
    const [first, second, third] = reader.drain() as unknown as { socket: bigint }[];
    expect(second?.socket).toBe(first?.socket);
    expect(third?.socket).not.toBe(first?.socket);
    expect(first?.socket.toString(16)).not.toBe('ffff8881b76a1bc0');
    await reader.close();
  });

  it('name no thread inside a PID namespace, where the number means another one', async () => {
    const reader = open({ pidNamespace: namespaceLink('pid:[4026532999]') });
    tracefs.put('portreeve', 0, 'everyKind');
    expect(reader.drain()[0]).toMatchObject({ kind: 'listen', thread: null, caller: null });
    expect(identified).toEqual([]);
    expect(reader.state()).toMatchObject({ mode: 'tracefs', detail: containing('PID namespace') });
    await reader.close();
  });

  it('of a flood from ever new processes are all told, and only the first thousand callers are looked at', async () => {
    const reader = open({ pidNamespace: namespaceLink('pid:[4026531836]') });
    // The record of [::]:1302 begins to listen, the third of the page, from threads 1 to 1,200.
    const [page] = pagesOf('everyKind') as [Uint8Array];
    const record = page.subarray(16 + 2 * 76, 16 + 3 * 76);
    for (let first = 1; first <= 1200; first += 50) {
      const bytes = Buffer.alloc(65_536);
      bytes.writeBigUInt64LE(BigInt(first) * 1_000_000_000n, 0);
      bytes.writeUInt32LE(50 * 76, 8);
      for (let index = 0; index < 50; index += 1) {
        bytes.set(record, 16 + index * 76);
        bytes.writeInt32LE(first + index, 16 + index * 76 + 4 + 4);
      }
      appendFileSync(tracefs.path('portreeve/per_cpu/cpu0/trace_pipe_raw'), bytes);
    }
    const events = reader.drain();
    expect(events).toHaveLength(1200);
    expect(identified).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect(events.at(999)).toMatchObject({ kind: 'listen', port: 1302, thread: 1000, caller: '/proc/1000/exe' });
    expect(events.at(-1)).toMatchObject({ kind: 'listen', port: 1302, thread: 1200, caller: null });
    await reader.close();
  });

  it('of a CPU that came online are read too', async () => {
    const reader = open();
    writeFileSync(tracefs.onlineCpus, '0-1\n');
    tracefs.put('portreeve', 1, 'everyKind');
    expect(await reader.next(0)).toEqual([]);
    expect(await reader.next(0)).toHaveLength(14);
    await reader.close();
  });

  it('lost without a page that says so are counted at the next check', async () => {
    const reader = open();
    writeFileSync(tracefs.path('portreeve/per_cpu/cpu0/stats'), 'overrun: 0\ncommit overrun: 2\ndropped events: 0\nread events: 0\n');
    expect(reader.drain()).toEqual([]);
    expect(await later(reader)).toEqual([{ kind: 'lost', count: 2 }]);
    expect(await later(reader)).toEqual([]);
    expect(reader.state().lost).toBe(2);
    await reader.close();
  });

  it('that cannot be understood are told of, and the rest is read', async () => {
    const reader = open();
    appendFileSync(tracefs.path('portreeve/per_cpu/cpu0/trace_pipe_raw'), Buffer.alloc(65_536, 0xff));
    tracefs.put('portreeve', 0, 'everyKind');
    const events = reader.drain();
    expect(events).toHaveLength(15);
    expect(events[0]).toEqual({ kind: 'blind', reason: containing('1 changes in a form that is not known') });
    await reader.close();
  });

  it('are waited for once, however many wait', async () => {
    let takes = 0;
    const reader = open({ sleep: announce(() => { takes += 1; }) });
    tracefs.put('portreeve', 0, 'everyKind');
    const [first, second] = await Promise.all([reader.next(1), reader.next(1)]);
    expect(takes).toBe(1);
    expect(first).toHaveLength(14);
    expect(second).toBe(first);
    await reader.close();
  });

  it('are waited for no longer, whatever there is to glance at, than until the instance is to be looked after', async () => {
    const asked: Sleep = {
      isPrompt: true,
      take(_ms, again = () => null, descriptor = null) {
        while (again() !== null);
        return Promise.resolve(descriptor === null);
      },
      end: () => undefined,
    };
    const reader = open({ sleep: asked });
    let glances = 0;
    const glance = (): number => {
      glances += 1;
      now += 1000;
      return 0;
    };
    expect(await reader.next(0, glance)).toEqual([]);
    expect(glances).toBe(30);
    writeFileSync(tracefs.path('portreeve', 'tracing_on'), '0\n');
    expect(await reader.next(0, glance)).toEqual([{ kind: 'blind', reason: containing('tracing_on') }]);
    await reader.close();
  });

  it('are looked after at once where something else went wrong', async () => {
    const reader = open();
    writeFileSync(tracefs.path('portreeve', 'tracing_on'), '0\n');
    expect(await reader.next(0)).toEqual([]);
    reader.recheck();
    expect(await reader.next(0)).toEqual([{ kind: 'blind', reason: containing('tracing_on') }]);
    await reader.close();
  });

  it('that are announced and not there do not make it spin', async () => {
    const takes: number[] = [];
    const reader = open({ sleep: announce((ms) => takes.push(ms)) });
    for (let call = 0; call < 3; call += 1) expect(await reader.next(1000)).toEqual([]);
    // Once is nothing: a reading between may have taken what was announced.
    expect(takes).toEqual([1000, 1000, 100, 1000, 100]);
    await reader.close();
  });

  it('of others, which someone had traced in our instance, make it put that right at once, and do not make it spin', async () => {
    const takes: number[] = [];
    const reader = open({ sleep: announce((ms) => takes.push(ms)) });
    const [page] = pagesOf('everyKind') as [Uint8Array];
    const foreign = () => {
      const bytes = Buffer.alloc(65_536);
      bytes.set(page.subarray(0, 16 + 76));
      bytes.writeUInt32LE(76, 8);
      // The number of the event, the first two bytes of its record.
      bytes.writeUInt16LE(1, 16 + 4);
      appendFileSync(tracefs.path('portreeve/per_cpu/cpu0/trace_pipe_raw'), bytes);
    };
    writeFileSync(tracefs.path('portreeve', 'tracing_on'), '0\n');
    foreign();
    expect(await reader.next(1000)).toEqual([]);
    foreign();
    expect(await reader.next(1000)).toEqual([{ kind: 'blind', reason: containing('tracing_on') }]);
    foreign();
    expect(await reader.next(1000)).toEqual([]);
    foreign();
    expect(await reader.next(1000)).toEqual([]);
    expect(takes).toEqual([1000, 1000, 1000, 1000, 100]);
    await reader.close();
  });

  it('are given once, and none after the end', async () => {
    const reader = open({ sleep: createSleep() });
    const waiting = reader.next(3_600_000);
    const closing = reader.close();
    expect(tracefs.exists('portreeve')).toBe(true);
    await closing;
    expect(tracefs.exists('portreeve')).toBe(false);
    expect(await waiting).toEqual([]);
    expect(reader.next(1)).not.toBe(reader.next(1));
    expect(await reader.next(1)).toEqual([]);
    await reader.close();
  });
});

describe('meddling', () => {
  it.each([
    [`${EVENT}/enable`, '0\n'],
    [`${EVENT}/filter`, 'none\n'],
    ['tracing_on', '0\n'],
    ['set_event_pid', '1\n'],
    ['tracing_cpumask', '1\n'],
    ['trace_clock', 'local\n'],
  ])('with %s is put right and reported', async (file, text) => {
    const reader = open();
    const before = tracefs.read('portreeve', file);
    expect(await later(reader)).toEqual([]);
    writeFileSync(tracefs.path('portreeve', file), text);
    expect(await later(reader)).toEqual([{ kind: 'blind', reason: containing(file) }]);
    expect(tracefs.read('portreeve', file)).toBe(before);
    expect(log.at(-1)).toContain('put right');
    expect(await later(reader)).toEqual([]);
    await reader.close();
  });

  it('with a trigger, which shows as a star, is none', async () => {
    const reader = open();
    writeFileSync(tracefs.path('portreeve', EVENT, 'enable'), '1*\n');
    expect(await later(reader)).toEqual([]);
    await reader.close();
  });

  it('that clears the buffer is reported: no one knows what was in it', async () => {
    const reader = open();
    writeFileSync(tracefs.path('portreeve/per_cpu/cpu0/stats'), recorded.stats.read);
    expect(await later(reader)).toEqual([{ kind: 'lost', count: 106 }]);
    writeFileSync(tracefs.path('portreeve/per_cpu/cpu0/stats'), 'overrun: 106\ncommit overrun: 0\ndropped events: 0\nread events: 3\n');
    expect(await later(reader)).toEqual([{ kind: 'blind', reason: 'someone cleared the trace buffer' }]);
    await reader.close();
  });

  it('that takes tracefs away leaves polling, what had happened is still read, and it is had again when it is back', async () => {
    const reader = open();
    tracefs.put('portreeve', 0, 'everyKind');
    rmSync(tracefs.path('portreeve'), { recursive: true });
    const events = await later(reader);
    expect(events).toHaveLength(15);
    expect(events.at(-1)).toEqual({ kind: 'blind', reason: containing('is gone') });
    expect(reader.state()).toMatchObject({ mode: 'polling', detail: containing(MOUNT_TRACEFS) });
    expect(await reader.next(0)).toEqual([]);
    expect(tracefs.exists('portreeve')).toBe(false);
    await later(reader);
    expect(reader.state().mode).toBe('tracefs');
    expect(tracefs.exists('portreeve')).toBe(true);
    await reader.close();
  });
});

describe('without tracefs', () => {
  it('it also gives up where it goes in the middle of a wait', async () => {
    const reader = open({ sleep: announce(() => { rmSync(tracefs.onlineCpus, { force: true }); }) });
    expect(await reader.next(1000)).toEqual([]);
    expect(reader.state()).toMatchObject({ mode: 'polling', detail: containing('is gone') });
    expect(reader.drain()).toEqual([{ kind: 'blind', reason: containing('is gone') }]);
    await reader.close();
  });

  it('it polls, says what mends it, and says it once', async () => {
    const reader = open({ roots: [join(tracefs.root, 'template')] });
    expect(reader.state()).toEqual({ mode: 'polling', detail: containing('Linux 4.16'), lost: 0 });
    rmSync(join(tracefs.root, 'template', 'events'), { recursive: true });
    await later(reader);
    await later(reader);
    expect(reader.state().detail).toBe(`tracefs is not mounted; ${MOUNT_TRACEFS}`);
    expect(log.filter((line) => line.includes('not mounted'))).toHaveLength(1);
    expect(reader.drain()).toEqual([]);
    await reader.close();
  });

  it('a look tries again too, and who waits for nothing can be woken', async () => {
    const events = join(tracefs.root, 'events');
    renameSync(events, join(tracefs.root, 'elsewhere'));
    const reader = open({ sleep: createSleep() });
    const waiting = reader.next(3_600_000);
    reader.wake();
    expect(await waiting).toEqual([]);
    renameSync(join(tracefs.root, 'elsewhere'), events);
    reader.drain();
    expect(reader.state().mode).toBe('polling');
    now += 30_000;
    reader.drain();
    expect(reader.state().mode).toBe('tracefs');
    await reader.close();
  });

  it('a kernel built without it is told apart from one where it is not mounted', () => {
    expect(open({ roots: ['/no/such/tracing'] }).state().detail).toContain('built without tracing');
  });

  it.each([
    ['EPERM', '[none] integrity confidentiality', 'needs root'],
    ['EPERM', 'none integrity [confidentiality]', 'locked down'],
    ['EROFS', '', 'ReadWritePaths=/sys/kernel/tracing'],
    ['ENOMEM', '', 'no memory'],
  ])('%s with lockdown %j is explained', (code, lockdown, expected) => {
    const file = join(tracefs.root, 'lockdown');
    writeFileSync(file, lockdown);
    const make = (path: string): never => { throw Object.assign(new Error(code), { code, path }); };
    expect(open({ folders: { ...tracefs.folders, make }, lockdown: file }).state()).toMatchObject({ mode: 'polling', detail: containing(expected) });
  });

  it('a form of events that is not known is not guessed at', () => {
    writeFileSync(join(tracefs.root, EVENT, 'format'), recorded.format.replace('skaddr', 'socket'));
    expect(open().state().detail).toContain('a form that is not known');
    expect(tracefs.exists('portreeve')).toBe(false);
  });
});

describe('the list of CPUs', () => {
  it.each([['0\n', [0]], ['0-2,5\n', [0, 1, 2, 5]], ['', []], ['nonsense', []], ['3-1', []]])('%j is %j', (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus);
  });

  it('of any length stays bounded', () => {
    expect(parseCpuList('0-99999')).toHaveLength(8192);
  });
});
