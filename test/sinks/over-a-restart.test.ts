import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { createSinks } from '../../src/sinks/create-sinks.ts';
import { openCursorStore } from '../../src/state/cursor-store.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aSyslogSink, fakeLog, fakeLogger, type FakeLog } from './fakes.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const cleanUp: (() => unknown)[] = [];
const folder = useFolder();

afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

/** On loopback. While it is stuck it takes connections, and neither reads nor closes; its kernel acknowledges all the same. */
async function openReceiver() {
  const sockets = new Set<Socket>();
  const receiver = { port: 0, isStuck: false, arrived: [] as string[], connections: 0, kill };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    receiver.connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (receiver.isStuck) return;
    socket.setEncoding('utf8').on('data', (text: string) => void receiver.arrived.push(...Array.from(text.matchAll(/ sequence="(\d+)"/g), ([, sequence = '']) => sequence)));
    socket.on('end', () => socket.end()).resume();
  });
  /** What it took and has not read is gone; then a fresh one is there. */
  function kill(): void {
    for (const socket of sockets) socket.resetAndDestroy();
    Object.assign(receiver, { isStuck: false, arrived: [], connections: 0 });
  }
  await once(server.listen(0, '127.0.0.1'), 'listening');
  receiver.port = (server.address() as AddressInfo).port;
  cleanUp.push(() => {
    kill();
    server.close();
  });
  return receiver;
}

/** A sink as a daemon that is started runs it, its cursors on the disk. */
async function startSink(log: FakeLog, port: number) {
  const cursors = await openCursorStore({ folder: folder.path, logger: fakeLogger() });
  const patience = { connect: 5000, stall: 5000, close: 300, refusal: 50 };
  const sinks = createSinks([aSyslogSink({ port, resend: 50 })], { reader: log, cursors, clock: SYSTEM_CLOCK, logger: fakeLogger(), patience, begin: 0, report: () => undefined });
  const stop = async (): Promise<void> => {
    await sinks.stop(5000);
    await cursors.close();
  };
  cleanUp.push(stop);
  return { sinks, stop, cursor: () => cursors.load('central') };
}

describe('a receiver that closed after us before the daemon was restarted', () => {
  it('is held to it: what it leaves unanswered three times while it is stuck goes again, once it was killed and is back', async () => {
    const log = fakeLog(1);
    const receiver = await openReceiver();
    const before = await startSink(log, receiver.port);
    await vi.waitFor(() => { expect(before.cursor()).toEqual({ confirmed: 1, attempted: 1, closedBy: expect.any(String) as string }); }, WAIT);
    await before.stop();

    receiver.kill();
    receiver.isStuck = true;
    log.append({}, {});
    const { sinks, cursor } = await startSink(log, receiver.port);
    await vi.waitFor(() => {
      // Hurried, as by SIGHUP.
      sinks.reopen();
      expect(receiver.connections).toBeGreaterThan(3);
    }, WAIT);
    expect(cursor()).toMatchObject({ confirmed: 1 });

    receiver.kill();
    log.append({});
    await vi.waitFor(() => {
      sinks.reopen();
      expect(receiver.arrived).toContain('4');
    }, WAIT);
    expect([...new Set(receiver.arrived)]).toEqual(['2', '3', '4']);
  });

  it('does not hold another to it, to which the sink goes now: one that never closes is known after three silences', async () => {
    const log = fakeLog(1);
    const [closing, silent] = [await openReceiver(), await openReceiver()];
    const before = await startSink(log, closing.port);
    await vi.waitFor(() => { expect(before.cursor()).toEqual({ confirmed: 1, attempted: 1, closedBy: expect.any(String) as string }); }, WAIT);
    await before.stop();

    silent.isStuck = true;
    log.append({});
    const { sinks, cursor } = await startSink(log, silent.port);
    await vi.waitFor(() => {
      sinks.reopen();
      expect(cursor()).toEqual({ confirmed: 2, attempted: 2, closedBy: undefined });
    }, WAIT);
    expect(silent.connections).toBe(3);
  });
});
