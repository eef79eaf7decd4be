import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterEach, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import type { SyslogSinkConfig } from '../../src/model/config.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { createSinks, type Sinks } from '../../src/sinks/create-sinks.ts';
import { formatMessage } from '../../src/sinks/syslog/format-message.ts';
import { makeCertificates, MISSING_FOR_CERTIFICATES, type KeyPair } from '../sinks/certificates.ts';
import { aSyslogSink, fakeCursors, fakeLog, fakeLogger, type FakeLog } from '../sinks/fakes.ts';
import { nastyEvent } from './nasty-events.ts';
import { missingReceiver, rsyslog, syslogNgReceiver, type Receiver, type ReceiverOptions } from './receivers.ts';
import { describeUnless } from './requirements.ts';
import { FIXTURES } from './sandbox.ts';

const EVENTS = 10_000;
const receivers: Receiver[] = [];
const running: Sinks[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((sinks) => sinks.stop(0)));
  await Promise.all(receivers.splice(0).map((receiver) => receiver.kill()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-sinks-'));
  folders.push(folder);
  return folder;
}

async function open(make: (options: ReceiverOptions) => Promise<Receiver>, options: Omit<ReceiverOptions, 'folder'>): Promise<Receiver> {
  const receiver = await make({ ...options, folder: temporaryFolder() });
  receivers.push(receiver);
  await receiver.start();
  return receiver;
}

function forward(config: SyslogSinkConfig, log: FakeLog): Sinks {
  const cursors = fakeCursors({ [config.name]: { confirmed: 0, attempted: 0 } });
  const sinks = createSinks([config], { reader: log, cursors, clock: SYSTEM_CLOCK, logger: fakeLogger(), report: () => undefined, patience: { connect: 3000, stall: 3000, close: 3000, refusal: 1000 } });
  running.push(sinks);
  return sinks;
}

async function until(what: () => boolean, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!what() && Date.now() < end) await sleep(100);
}

const sequenceOf = (line: string): number => Number(/ sequence="(\d+)"/.exec(line)?.[1]);

/** Sequences in the order in which each arrived first. */
function firstArrivals(lines: readonly string[]): readonly number[] {
  return [...new Set(lines.map(sequenceOf))];
}

const counted = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

interface Path {
  readonly title: string;
  readonly missing: string | null;
  readonly make: (options: ReceiverOptions) => Promise<Receiver>;
  readonly config: Partial<SyslogSinkConfig>;
}

const PATHS: readonly Path[] = [
  { title: 'rsyslog, UDP', missing: missingReceiver('rsyslogd'), make: rsyslog, config: { transport: 'udp', maxLength: 60_000 } },
  { title: 'rsyslog, TCP, octet counting', missing: missingReceiver('rsyslogd'), make: rsyslog, config: { transport: 'tcp', maxLength: 200_000 } },
  { title: 'rsyslog, TCP, line feeds, RFC 3164', missing: missingReceiver('rsyslogd'), make: rsyslog, config: { transport: 'tcp', framing: 'newline', format: 'rfc3164', maxLength: 200_000 } },
  { title: 'rsyslog, TLS with client certificate', missing: missingReceiver('rsyslogd') ?? MISSING_FOR_CERTIFICATES, make: rsyslog, config: { transport: 'tls', maxLength: 200_000 } },
  { title: 'syslog-ng, TCP, line feeds', missing: missingReceiver('syslog-ng'), make: syslogNgReceiver, config: { transport: 'tcp', framing: 'newline', maxLength: 200_000 } },
  { title: 'syslog-ng, TLS with client certificate, octet counting', missing: missingReceiver('syslog-ng') ?? MISSING_FOR_CERTIFICATES, make: syslogNgReceiver, config: { transport: 'tls', maxLength: 200_000 } },
];

for (const { title, missing, make, config } of PATHS) {
  describeUnless(missing, title, () => {
    it(`stores ${EVENTS} nasty events byte for byte, in order`, async () => {
      const { tls, files } = config.transport === 'tls' ? secure() : { tls: undefined, files: aSyslogSink().tls };
      const receiver = await open(make, { transport: config.transport === 'udp' || config.transport === 'tls' ? config.transport : 'tcp', framing: config.framing ?? 'octet-counting', ...(tls === undefined ? {} : { tls }) });
      const log = fakeLog();
      for (let index = 1; index <= EVENTS; index++) log.append(nastyEvent(index));
      const sink = aSyslogSink({ port: receiver.port, resend: 1000, ...config, tls: files });
      const sinks = forward(sink, log);
      await until(() => sinks.status()[0]?.queued === 0, 50);
      await sinks.stop(5000);
      await until(() => receiver.lines().length >= EVENTS, 10);
      const expected = log.events.map((event) => formatMessage({ event, possibleDuplicate: false }, sink, process.pid));
      const stored = receiver.lines();
      expect(stored.length).toBe(EVENTS);
      // Compared one by one: a difference of two lists of this size cannot be shown.
      expect(stored.findIndex((line, index) => line !== expected[index])).toBe(-1);
    });
  });
}

function secure(): { readonly tls: { readonly ca: string; readonly server: KeyPair }; readonly files: SyslogSinkConfig['tls'] } {
  const certificates = makeCertificates();
  folders.push(certificates.folder);
  const client = certificates.issue('host', 'DNS:host.test');
  return { tls: { ca: certificates.ca, server: certificates.issue('server', 'IP:127.0.0.1') }, files: { caFile: certificates.ca, certFile: client.cert, keyFile: client.key, serverName: null } };
}

describeUnless(missingReceiver('rsyslogd'), 'a receiver that fails', () => {
  it('is killed and restarted twenty times during 20,000 events, and nothing is lost, nor out of order', async () => {
    const receiver = await open(rsyslog, { transport: 'tcp' });
    const log = fakeLog();
    const sinks = forward(aSyslogSink({ port: receiver.port, resend: 1000 }), log);
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round++) {
      for (let burst = 0; burst < 10; burst++) {
        for (let index = 0; index < 100; index++) log.append({});
        sinks.wake();
        await sleep(20);
      }
      await receiver.kill();
      await sleep(50 * (round % 4));
      await receiver.start();
    }
    await until(() => firstArrivals(receiver.lines()).length === 20_000, 40);
    const lines = receiver.lines();
    expect(firstArrivals(lines)).toEqual(counted(20_000));
    // What came twice says so.
    const seen = new Set<number>();
    for (const line of lines) {
      if (seen.has(sequenceOf(line))) expect(line).toContain('possibleDuplicate="true"');
      seen.add(sequenceOf(line));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  it('is stopped for longer than it has to store, and then killed: nothing is lost', async () => {
    const receiver = await open(rsyslog, { transport: 'tcp' });
    const log = fakeLog(50);
    const sinks = forward(aSyslogSink({ port: receiver.port, resend: 1000 }), log);
    await until(() => receiver.lines().length === 50, 10);
    // Past the moment at which the first fifty are confirmed, so that only what the stopped one has not read is at stake.
    await sleep(3000);
    receiver.signal('SIGSTOP');
    for (let index = 0; index < 50; index++) log.append({});
    sinks.wake();
    await until(() => sinks.status()[0]?.error !== null, 15);
    expect(sinks.status()[0]?.error).toContain('does not read');
    await receiver.kill();
    await receiver.start();
    await until(() => firstArrivals(receiver.lines()).length === 100, 30);
    expect(firstArrivals(receiver.lines())).toEqual(counted(100));
  });
});

describeUnless(missingReceiver('rsyslogd'), 'an agent that is killed', () => {
  it('is killed ten times while it sends, and everything that its event log has arrived', async () => {
    const receiver = await open(rsyslog, { transport: 'tcp' });
    const folder = temporaryFolder();
    const program = join(folder, 'agent.mjs');
    await build({ entryPoints: [join(FIXTURES, 'sink-agent.ts')], outfile: program, bundle: true, platform: 'node', format: 'esm', external: ['koffi', '@koromix/*'], logLevel: 'silent' });
    const start = (): ChildProcessByStdio<null, Readable, null> => spawn(process.execPath, [program, folder, String(receiver.port), '20000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    for (let life = 0; life < 10; life++) {
      const agent = start();
      await Promise.race([once(agent.stdout, 'data'), once(agent, 'exit')]);
      await sleep(40 + life * 17);
      agent.kill('SIGKILL');
      await once(agent, 'exit');
    }
    const last = start();
    let output = '';
    last.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
    await once(last, 'exit');
    const kept = JSON.parse(output.split('\n')[1] ?? '[]') as readonly string[];
    expect(kept.length).toBeGreaterThan(15_000);
    const idOf = (line: string): string => / eventId="(\w+)"/.exec(line)?.[1] ?? '';
    await until(() => new Set(receiver.lines().map(idOf)).size >= kept.length, 10);
    const arrived = new Set(receiver.lines().map(idOf));
    expect(kept.filter((id) => !arrived.has(id))).toEqual([]);
    const order = [...arrived];
    expect(order).toEqual([...order].sort());
  });
});

describeUnless(process.getuid?.() === 0 ? null : 'needs root', 'a full disk', () => {
  it('holds up the file and loses nothing: no half lines, everything there once there is room', async () => {
    const folder = temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]);
    try {
      const ballast = join(folder, 'ballast');
      writeFileSync(ballast, Buffer.alloc(180 * 1024));
      const log = fakeLog(60);
      const file = join(folder, 'events.json');
      const sink = { type: 'json', name: 'file', minSeverity: 'info', kinds: null, file, dialect: 'portreeve' } as const;
      const sinks = createSinks([sink], { reader: log, cursors: fakeCursors({ file: { confirmed: 0, attempted: 0 } }), clock: SYSTEM_CLOCK, logger: fakeLogger(), report: () => undefined });
      running.push(sinks);
      await until(() => sinks.status()[0]?.error !== null, 10);
      expect(sinks.status()[0]?.error).toContain('ENOSPC');
      rmSync(ballast);
      await until(() => sinks.status()[0]?.queued === 0, 20);
      const lines = readFileSync(file, 'utf8').split('\n');
      expect(lines.pop()).toBe('');
      expect(lines.map((line) => (JSON.parse(line) as PortreeveEvent).sequence)).toEqual(counted(60));
    } finally {
      await Promise.all(running.splice(0).map((sinks) => sinks.stop(1000)));
      execFileSync('umount', [folder]);
    }
  });
});

describeUnless(missingReceiver('rsyslogd') ?? MISSING_FOR_CERTIFICATES, 'a certificate', () => {
  it('that is expired, for another name, or swapped: the events wait, and go when it is mended', async () => {
    const certificates = makeCertificates();
    folders.push(certificates.folder);
    const log = fakeLog(5);
    const folder = temporaryFolder();
    const names = [['IP:127.0.0.1', -1, /certificate has expired/], ['DNS:elsewhere.test', 30, /does not match/], ['IP:127.0.0.1', 30, null]] as const;
    const first = certificates.issue('server', 'IP:127.0.0.1', { days: -1 });
    const receiver = await rsyslog({ folder, transport: 'tls', tls: { ca: certificates.ca, server: first } });
    receivers.push(receiver);
    const client = certificates.issue('host', 'DNS:host.test');
    const sinks = forward(aSyslogSink({ port: receiver.port, transport: 'tls', resend: 1000, tls: { caFile: certificates.ca, certFile: client.cert, keyFile: client.key, serverName: null } }), log);
    for (const [name, days, error] of names) {
      certificates.issue('server', name, { days });
      await receiver.start();
      sinks.reopen();
      if (error === null) continue;
      await until(() => error.test(sinks.status()[0]?.error ?? ''), 15);
      expect(sinks.status()[0]?.error).toMatch(error);
      expect(receiver.lines()).toEqual([]);
      await receiver.kill();
    }
    await until(() => firstArrivals(receiver.lines()).length === 5, 20);
    expect(firstArrivals(receiver.lines())).toEqual(counted(5));
  });
});
