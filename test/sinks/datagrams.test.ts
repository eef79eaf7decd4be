import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { createTransport } from '../../src/sinks/create-transport.ts';
import { sendToJournal } from '../../src/sinks/journal/send-to-journal.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { anEvent, aSyslogSink, fakeLogger } from './fakes.ts';
import { parseRfc5424 } from './syslog/parse-rfc5424.ts';

const NEVER = new AbortController().signal;
const PYTHON = '/usr/bin/python3';
const missing = process.platform === 'linux' && existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import socket']).status === 0 ? null : 'needs Linux and python3, which receives';

/** One line of JSON per datagram: its bytes, or those of the sealed memory that came with it, and the seals. */
const RECEIVER = `
import array, base64, fcntl, json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"ready"', flush=True)
while True:
    data, control, flags, peer = s.recvmsg(1 << 20, 64)
    held = [fd for level, kind, bytes in control for fd in array.array('i', bytes)]
    body = os.pread(held[0], 1 << 24, 0) if held else data
    print(json.dumps({'body': base64.b64encode(body).decode(), 'seals': fcntl.fcntl(held[0], 1034) if held else None}), flush=True)
`;

const closers: (() => void)[] = [];
const folder = useFolder();
let path = '';

beforeEach(() => {
  path = join(folder.path, 'log');
});

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function receive(): Promise<() => Promise<{ readonly body: Buffer; readonly seals: number | null }>> {
  const child = spawn(PYTHON, ['-c', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return async () => {
    const { body, seals } = JSON.parse(String((await lines.next()).value)) as { body: string; seals: number | null };
    return { body: Buffer.from(body, 'base64'), seals };
  };
}

const outgoing = (sequence: number, message = 'x') => ({ event: anEvent({ sequence, message }), possibleDuplicate: false });
const open = (config: Parameters<typeof aSyslogSink>[0]) => createTransport(aSyslogSink(config), { clock: SYSTEM_CLOCK, logger: fakeLogger() }).open(() => undefined, NEVER);

describe.skipIf(missing !== null)(`the sockets of this host${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  it('take a journal entry in a datagram, and a large one in sealed memory', async () => {
    const next = await receive();
    const channel = await sendToJournal(path).open(() => undefined, NEVER);
    const message = 'y'.repeat(1_000_000);
    expect(await channel.send([outgoing(1), outgoing(2, message)], NEVER)).toEqual({ taken: 2, attempted: 2, error: null });
    const small = await next();
    expect(small.seals).toBeNull();
    expect(small.body.toString()).toContain('\nPORTREEVE_SEQUENCE=1\n');
    const large = await next();
    // F_SEAL_SEAL, SHRINK, GROW and WRITE, and EXEC where the kernel knows it.
    expect((large.seals ?? 0) & 0b1111).toBe(0b1111);
    expect(large.body.toString()).toContain(`MESSAGE=${message}\n`);
    await channel.close(NEVER);
  });

  it('take more than one call sends, in order, large ones among them', async () => {
    const next = await receive();
    const channel = await sendToJournal(path).open(() => undefined, NEVER);
    const batch = Array.from({ length: 200 }, (_, index) => outgoing(index + 1, index % 50 === 49 ? 'z'.repeat(1_000_000) : 'x'));
    expect(await channel.send(batch, NEVER)).toEqual({ taken: 200, attempted: 200, error: null });
    for (let sequence = 1; sequence <= 200; sequence++) expect((await next()).body.toString()).toContain(`\nPORTREEVE_SEQUENCE=${sequence}\n`);
  });

  it('take syslog as the C library writes it', async () => {
    const next = await receive();
    const channel = await open({ transport: 'local', format: 'rfc3164', path });
    expect((await channel.send([outgoing(1, 'hello')], NEVER)).taken).toBe(1);
    expect((await next()).body.toString()).toMatch(/^<27>Nov 22 \d\d:\d\d:\d\d portreeve\[\d+\]: hello \[portreeve@32473 eventId="/);
  });

  it('say at which event a receiver that does not keep up was full, and go on from there', async () => {
    const child = spawn(PYTHON, ['-c', `import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint(flush=True)\nsys.stdin.read()`, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    closers.push(() => child.kill('SIGKILL'));
    await createInterface(child.stdout)[Symbol.asyncIterator]().next();
    const channel = await sendToJournal(path).open(() => undefined, NEVER);
    const { taken, attempted, error } = await channel.send(Array.from({ length: 5000 }, (_, index) => outgoing(index)), NEVER);
    expect(error).toContain('is full');
    expect(taken).toBeGreaterThan(0);
    expect(attempted).toBe(taken);
  });

  it('say where nobody listens', async () => {
    const channel = await sendToJournal(path).open(() => undefined, NEVER);
    expect(await channel.send([outgoing(1)], NEVER)).toEqual({ taken: 0, attempted: 0, error: `cannot send to ${path}: ENOENT` });
    await expect(open({ transport: 'local', path })).rejects.toThrow(/ENOENT/);
  });
});

describe('a stream socket of this host', () => {
  it('is found to be one, and gets a line feed after each message', async () => {
    const arrived: Buffer[] = [];
    const server = createServer((socket) => socket.on('data', (bytes) => arrived.push(bytes)));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    closers.push(() => server.close());
    const channel = await open({ transport: 'local', format: 'rfc3164', path });
    await channel.send([outgoing(1, 'one'), outgoing(2, 'two')], NEVER);
    expect(await channel.close(NEVER)).toBe(true);
    expect(Buffer.concat(arrived).toString().split('\n').map((line) => /: (\w+) \[/.exec(line)?.[1])).toEqual(['one', 'two', undefined]);
  });
});

describe('syslog over UDP', () => {
  it('sends one message a datagram', async () => {
    const arrived: Buffer[] = [];
    const server = createSocket('udp4').on('message', (bytes) => arrived.push(bytes));
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const channel = await open({ transport: 'udp', port: server.address().port });
    expect(await channel.send(Array.from({ length: 100 }, (_, index) => outgoing(index + 1)), NEVER)).toEqual({ taken: 100, attempted: 100, error: null });
    await expect.poll(() => arrived.length).toBe(100);
    expect(arrived.map((bytes) => Number(parseRfc5424(bytes).params['sequence']))).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(channel.proof).toBe('nothing');
    await channel.close(NEVER);
  });

  it('hears that nobody listens, and does not take what it sent for sent', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const channel = await open({ transport: 'udp', port });
    expect(await channel.send([outgoing(1)], NEVER)).toMatchObject({ taken: 0, attempted: 1, error: expect.stringContaining('ECONNREFUSED') as string });
    channel.destroy();
  });
});
