import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openUnixDatagram } from '../../src/native/unix-datagram.ts';

const PYTHON = '/usr/bin/python3';
const missing = process.platform === 'linux' && existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import socket']).status === 0 ? null : 'needs Linux and python3, which receives';

/** Says `ready`, then one line of JSON per datagram; a descriptor that came with it is read to its end. */
const RECEIVER = `
import array, json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1][0] == '@' else sys.argv[1])
print(json.dumps('ready'), flush=True)
if sys.argv[2] == 'deaf': sys.stdin.read()
while True:
    data, control, flags, peer = s.recvmsg(1 << 20, 64)
    held = [fd for level, kind, bytes in control for fd in array.array('i', bytes)]
    print(json.dumps({'data': data.decode('latin1'), 'handed': [os.pread(fd, 100, 0).decode() for fd in held]}), flush=True)
`;

interface Receiver {
  next(): Promise<unknown>;
  stop(): Promise<void>;
}

describe.skipIf(missing !== null)(`a Unix datagram socket${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string;
  const receivers: Receiver[] = [];
  const receive = async (address: string, manner: 'hearing' | 'deaf' = 'hearing'): Promise<Receiver> => {
    const child = spawn(PYTHON, ['-c', RECEIVER, address, manner], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const receiver = {
      next: async () => JSON.parse(String((await lines.next()).value)) as unknown,
      stop: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
    receivers.push(receiver);
    expect(await receiver.next()).toBe('ready');
    return receiver;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-datagram-'));
  });
  afterEach(async () => {
    await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['a path', () => join(folder, 'socket')],
    ['an abstract name', () => `@portreeve-test-${process.pid}`],
  ])('sends to %s, byte for byte', async (_, address) => {
    const receiver = await receive(address());
    const socket = openUnixDatagram(address());
    expect(socket.send(Buffer.from('READY=1\n\0\xff', 'latin1'))).toEqual({ kind: 'sent' });
    expect(await receiver.next()).toEqual({ data: 'READY=1\n\0\xff', handed: [] });
    socket.close();
  });

  it('hands a descriptor over, and keeps it', async () => {
    const receiver = await receive(join(folder, 'socket'));
    const socket = openUnixDatagram(join(folder, 'socket'));
    writeFileSync(join(folder, 'large'), 'a large entry');
    const descriptor = openSync(join(folder, 'large'), 'r');
    expect(socket.sendDescriptor(descriptor)).toEqual({ kind: 'sent' });
    closeSync(descriptor);
    expect(await receiver.next()).toEqual({ data: '', handed: ['a large entry'] });
    expect(socket.sendDescriptor(-1)).toEqual({ kind: 'failed', errno: 'EBADF' });
    socket.close();
  });

  it('finds a receiver that comes later, and one that was restarted', async () => {
    const path = join(folder, 'socket');
    const socket = openUnixDatagram(path);
    expect(socket.send(Buffer.from('early'))).toEqual({ kind: 'failed', errno: 'ENOENT' });
    const first = await receive(path);
    expect(socket.send(Buffer.from('one'))).toEqual({ kind: 'sent' });
    expect(await first.next()).toMatchObject({ data: 'one' });
    await first.stop();
    expect(socket.send(Buffer.from('nobody'))).toEqual({ kind: 'failed', errno: 'ECONNREFUSED' });
    rmSync(path);
    const second = await receive(path);
    expect(socket.send(Buffer.from('two'))).toEqual({ kind: 'sent' });
    expect(await second.next()).toMatchObject({ data: 'two' });
    socket.close();
  });

  it('does not wait for a receiver that does not keep up', async () => {
    await receive(join(folder, 'socket'), 'deaf');
    const socket = openUnixDatagram(join(folder, 'socket'));
    const kinds = new Set(Array.from({ length: 20_000 }, () => socket.send(Buffer.alloc(1000)).kind));
    expect([...kinds]).toEqual(['sent', 'full']);
    socket.close();
  });

  it('sends many in one call, each byte for byte, and says how many went', async () => {
    const receiver = await receive(join(folder, 'socket'));
    const socket = openUnixDatagram(join(folder, 'socket'));
    const datagrams = Array.from({ length: 100 }, (_, index) => Buffer.from(`${index} ${'\xff'.repeat((index * 37) % 500)}`, 'latin1'));
    const arrived: unknown[] = [];
    for (let sent = 0; sent < datagrams.length; ) {
      const outcome = socket.sendMany(datagrams.slice(sent));
      if (outcome.kind !== 'sent') expect(outcome).toEqual({ kind: 'full' });
      else sent += outcome.count;
      while (arrived.length < sent) arrived.push(await receiver.next());
    }
    expect(arrived).toEqual(datagrams.map((bytes) => ({ data: bytes.toString('latin1'), handed: [] })));
    socket.close();
  });

  it('sends what is before one that is too long, and then says so', async () => {
    const receiver = await receive(join(folder, 'socket'));
    const socket = openUnixDatagram(join(folder, 'socket'));
    const datagrams = [Buffer.from('one'), Buffer.from(''), Buffer.alloc(64 << 20), Buffer.from('three')];
    expect(socket.sendMany(datagrams)).toEqual({ kind: 'sent', count: 2 });
    expect(socket.sendMany(datagrams.slice(2))).toEqual({ kind: 'too-long' });
    expect([await receiver.next(), await receiver.next()]).toMatchObject([{ data: 'one' }, { data: '' }]);
    socket.close();
    expect(socket.sendMany(datagrams)).toEqual({ kind: 'failed', errno: 'EBADF' });
  });

  it('says of a datagram that it is too long', async () => {
    await receive(join(folder, 'socket'));
    const socket = openUnixDatagram(join(folder, 'socket'));
    expect(socket.send(Buffer.alloc(64 << 20))).toEqual({ kind: 'too-long' });
    socket.close();
  });

  it.each([
    ['', 'EINVAL'],
    ['/run/a\0b', 'EINVAL'],
    [`/${'x'.repeat(107)}`, 'ENAMETOOLONG'],
    [`@${'é'.repeat(60)}`, 'ENAMETOOLONG'],
    [`/${'x'.repeat(106)}`, 'ENOENT'],
    [`@${'x'.repeat(107)}`, 'ECONNREFUSED'],
  ])('fails with the address %j: %s', (address, errno) => {
    const socket = openUnixDatagram(address);
    expect(socket.send(Buffer.from('x'))).toEqual({ kind: 'failed', errno });
    socket.close();
  });

  it('fails once closed, however often that was', () => {
    const socket = openUnixDatagram(join(folder, 'socket'));
    socket.send(Buffer.from('x'));
    socket.close();
    socket.close();
    expect(socket.send(Buffer.from('x'))).toEqual({ kind: 'failed', errno: 'EBADF' });
  });
});
