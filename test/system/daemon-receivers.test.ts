import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { SinkStatus } from '../../src/model/daemon.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { makeCertificates, MISSING_FOR_CERTIFICATES, type Certificates } from '../sinks/certificates.ts';
import { missingReceiver, rsyslog, syslogNgReceiver, type Receiver, type ReceiverOptions } from './receivers.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { HASTY, pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

const MIB = 1 << 20;
const KILLS = 10;
const FIRST_PORT = 21_000;
/** An alert takes less than a second, but not on a machine with forty others that want its processors. */
const PATIENCE = 30;

/** Listeners that come and go at random, until it is ended. */
const CHURN = `
import random, socket, time
random.seed(6)
held = {}
while True:
    port = ${FIRST_PORT} + random.randrange(20)
    if port in held:
        held.pop(port).close()
    else:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("0.0.0.0", port))
        s.listen(1)
        held[port] = s
    time.sleep(random.uniform(0.05, 0.2))
`;
const LISTEN = 'import signal, socket, sys\ns = socket.socket()\ns.bind(("0.0.0.0", int(sys.argv[1])))\ns.listen()\nsignal.pause()';

const missing = missingForSandbox(['mount']) ?? missingReceiver('rsyslogd') ?? missingReceiver('syslog-ng') ?? MISSING_FOR_CERTIFICATES;

describeUnless(missing, 'a daemon with six sinks, whose receivers all fail in their own way', () => {
  let sandbox: Sandbox;
  let certificates: Certificates;
  let folder: string;
  let daemon: RunningDaemon | null = null;
  const receivers: Receiver[] = [];

  beforeAll(async () => {
    sandbox = await openSandbox();
    certificates = makeCertificates();
    folder = mkdtempSync(join(tmpdir(), 'portreeve-receivers-'));
  });
  afterEach(async () => {
    await daemon?.close();
    await Promise.all(receivers.splice(0).map((receiver) => receiver.kill()));
  });
  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(certificates.folder, { recursive: true, force: true });
  });

  const open = async (make: (options: ReceiverOptions) => Promise<Receiver>, name: string, options: Omit<ReceiverOptions, 'folder' | 'sandbox'>): Promise<Receiver> => {
    mkdirSync(join(folder, name));
    const receiver = await make({ ...options, folder: join(folder, name), sandbox });
    receivers.push(receiver);
    await receiver.start();
    return receiver;
  };

  it('loses nothing, looks on, and says of each what is wrong; nor does it when it is killed ten times', { timeout: 400_000 }, async () => {
    const inside = (...command: readonly string[]) => sandbox.run(command);
    const mode = join(folder, 'name-server');
    const resolverFile = join(folder, 'resolv.conf');
    writeFileSync(resolverFile, 'nameserver 127.0.0.1\n');
    await inside('mount', '--bind', resolverFile, '/etc/resolv.conf');
    const answerNames = (how: 'silent' | 'servfail' | 'nxdomain' | 'right'): void => { writeFileSync(mode, how); };
    answerNames('silent');
    await sandbox.start('name-server.py', [mode]);
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    await inside('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk);
    await inside('sh', '-c', `head -c 1048576 /dev/zero > ${disk}/ballast; true`);
    const issue = (names: string, days: number) => certificates.issue('server', names, { days });
    const tls = { ca: certificates.ca, server: issue('IP:127.0.0.1', -1) };
    const client = certificates.issue('host', 'DNS:host.test');

    const killed = await open(rsyslog, 'killed', { transport: 'tcp' });
    const paused = await open(rsyslog, 'paused', { transport: 'tcp' });
    const secure = await open(rsyslog, 'secure', { transport: 'tls', tls });
    const named = await open(rsyslog, 'named', { transport: 'tcp' });
    // syslog-ng, which keeps what it cannot write; rsyslog's omfile drops it (8.2302), and no sender can know.
    const full = await open(syslogNgReceiver, 'full', { transport: 'tcp', framing: 'newline', storage: disk });
    const replaced = await open(rsyslog, 'replaced', { transport: 'local' });

    const sink = (name: string, more: string): string => `{ name: ${name}, type: syslog, minSeverity: info, resend: 2s, ${more} }`;
    const running = await startDaemon(sandbox, {
      config: `${HASTY}log: { level: info }\n`,
      sinks: [
        sink('killed', `transport: tcp, host: 127.0.0.1, port: ${killed.port}`),
        sink('paused', `transport: tcp, host: 127.0.0.1, port: ${paused.port}`),
        sink('secure', `transport: tls, host: 127.0.0.1, port: ${secure.port}, tls: { caFile: ${certificates.ca}, certFile: ${client.cert}, keyFile: ${client.key} }`),
        sink('named', `transport: tcp, host: logs.test, port: ${named.port}`),
        sink('full', `transport: tcp, framing: newline, host: 127.0.0.1, port: ${full.port}`),
        `{ name: replaced, type: syslog, minSeverity: info, transport: local, path: ${folder}/replaced/log.sock }`,
      ],
    });
    daemon = running;
    const churn = sandbox.spawn([PYTHON, '-c', CHURN]);
    const statusOf = async (name: string): Promise<SinkStatus> => (await running.status()).sinks.find((each) => each.name === name)!;
    const until = async (what: string, isSo: () => Promise<boolean>, seconds: number): Promise<void> => {
      const end = Date.now() + seconds * 1000;
      while (!(await isSo())) {
        if (Date.now() > end) throw new Error(`${what} did not come within ${seconds} s\n${running.log()}`);
        await pause(0.2);
      }
    };
    const fails = (name: string, reason: RegExp, seconds = 3 * PATIENCE) => until(`${name}: ${reason.source}`, async () => reason.test((await statusOf(name)).error ?? ''), seconds);
    let port = 27_200;
    const looksOn = async (): Promise<void> => {
      port += 1;
      sandbox.spawn([PYTHON, '-c', LISTEN, String(port)]);
      await running.next(`the alert of ${port}`, ({ kind, listener }) => kind === 'opened' && listener?.port === port, PATIENCE);
    };

    // All at once: a name server that is silent, a certificate that has expired, a full disk, receivers that are stopped or gone.
    await looksOn();
    await fails('named', /no name server says within 8 s where logs\.test is/);
    await looksOn();
    await fails('secure', /certificate has expired/);
    // Who closed once is held to it.
    const cursor = join(running.folder, 'state/sinks/paused.cursor');
    await until('the first proof', () => Promise.resolve(readFileSync(cursor, 'latin1').split('\n').some((slot) => Number(slot.split(' ')[1]) > 0)), PATIENCE);
    paused.signal('SIGSTOP');
    await killed.kill();
    await replaced.kill();
    await fails('killed', /ECONNREFUSED|closed the connection|ECONNRESET/);
    await fails('replaced', /ECONNREFUSED/);
    await looksOn();
    await Promise.all([killed.start(), replaced.start()]);

    // Other faults of the same two, told of at once as somebody asks to try again.
    issue('DNS:elsewhere.test', 30);
    await secure.kill();
    await secure.start();
    for (const [how, reason] of [['servfail', /EAI_AGAIN/], ['nxdomain', /ENOTFOUND/]] as const) {
      answerNames(how);
      running.signal('SIGHUP');
      await fails('named', reason);
    }
    await fails('secure', /does not match certificate's altnames/);
    await fails('paused', /does not read|does not end the connection/);
    await looksOn();
    const { stdout } = await sandbox.portreeve(['status', '--socket', join(running.folder, 'control.sock')]);
    for (const advice of ["set tls.serverName to a name that the receiver's certificate bears", '/etc/resolv.conf', 'the receiver is stopped, or its own outputs are stuck']) expect(stdout.replace(/\s+/g, ' ')).toContain(advice);

    expect([secure, named, full].map((receiver) => receiver.lines())).toEqual([[], [], []]);

    // Mended.
    issue('IP:127.0.0.1', 30);
    await secure.kill();
    await secure.start();
    answerNames('right');
    await inside('rm', `${disk}/ballast`);
    paused.signal('SIGCONT');
    running.signal('SIGHUP');
    for (const name of ['killed', 'paused', 'secure', 'named', 'full', 'replaced']) await until(`${name} is well again`, async () => (await statusOf(name)).error === null && (await statusOf(name)).sent > 0, 3 * PATIENCE);
    const { memory, eventLog, sinks } = await running.status();
    expect(memory.residentBytes).toBeLessThan(100 * MIB);
    expect(eventLog.writable).toBe(true);
    expect(sinks.map(({ name, lost }) => [name, lost])).toEqual(sinks.map(({ name }) => [name, 0]));
    // Each reason once, however often it was tried, with what to do.
    const warnings = running.log().split('\n').filter((line) => line.includes('does not reach its receiver'));
    for (const reason of ['certificate has expired', 'altnames', 'no name server says', 'EAI_AGAIN', 'ENOTFOUND']) {
      const told = warnings.filter((line) => line.includes(reason));
      expect(told, reason).toHaveLength(1);
      expect(told[0]).toContain('"hint":');
    }

    for (let round = 0; round < KILLS; round++) {
      await pause(0.2 + ((round * 7919) % 13) / 20);
      if (round % 3 === 0) await killed.kill();
      await running.restart('SIGKILL');
      if (round % 3 === 0) await killed.start();
    }
    await looksOn();
    churn.kill();
    await inside('pkill', '-f', 'random.seed');
    expect(running.log()).not.toMatch(/was damaged|cannot be used|set aside/);
    running.signal('SIGHUP');
    const isDone = async (): Promise<boolean> => (await running.status()).sinks.every(({ queued, error }) => queued === 0 && error === null);
    // What listens no more is told to be over by then.
    await pause(3);
    await until('the end of the queues', isDone, 3 * PATIENCE);

    const { stdout: history } = await sandbox.portreeve(['history', '--limit', '10000', '--format', 'ndjson', '--state-dir', join(running.folder, 'state')]);
    const logged = history.split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
    expect(logged.map(({ sequence }) => sequence)).toEqual(logged.map((_, index) => (logged[0]?.sequence ?? 0) + index));
    const wanted = logged.filter(({ audience }) => audience === 'alert').map(({ id }) => id);
    expect(wanted.length).toBeGreaterThan(50);
    const idOf = (line: string): string => / eventId="(\w+)"/.exec(line)?.[1] ?? '';
    const all = { killed, paused, secure, named, full, replaced };
    for (const [name, receiver] of Object.entries(all)) {
      await until(`all events at ${name}`, () => { const arrived = new Set(receiver.lines().map(idOf)); return Promise.resolve(wanted.every((id) => arrived.has(id))); }, PATIENCE).catch(() => undefined);
      const lines = receiver.lines();
      const arrived = [...new Set(lines.map(idOf))];
      if (name === 'replaced') continue;
      expect(wanted.filter((id) => !arrived.includes(id)), name).toEqual([]);
      expect(arrived, name).toEqual([...arrived].sort());
      const again = lines.filter((line, index) => lines.findIndex((other) => idOf(other) === idOf(line)) < index);
      // syslog-ng writes again by itself what was in a write that the full disk cut off.
      if (name !== 'full') expect(again.filter((line) => !line.includes('possibleDuplicate="true"')), name).toEqual([]);
    }
    // A datagram that lies in the socket of a receiver that is killed is gone: there is nothing to ask for proof.
    const reached = new Set(replaced.lines().map(idOf));
    expect(wanted.filter((id) => !reached.has(id)).length).toBeLessThanOrEqual(12);
  });
});
