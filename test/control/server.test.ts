import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { aListener, aReport } from '../fixtures/audit-report.ts';
import { anEvent, aStatus, someAnswers } from '../fixtures/daemon.ts';
import { closeAll, connectRaw, startDaemon } from './control-socket.ts';

afterEach(closeAll);

const error = (message: unknown) => ({ answer: 'error', message });
/** Events that a test pushes to whoever watches. */
function eventSource(): { readonly push: (event: PortreeveEvent) => void; readonly watchers: Set<(event: PortreeveEvent) => void>; readonly subscribe: (listener: (event: PortreeveEvent) => void) => () => void } {
  const watchers = new Set<(event: PortreeveEvent) => void>();
  return {
    watchers,
    push: (event) => {
      for (const watcher of watchers) watcher(event);
    },
    subscribe(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
  };
}

describe('a request', () => {
  it('is answered: status', async () => {
    const client = await connectRaw((await startDaemon()).path);
    client.write('{"request":"status"}\n');
    expect(await client.next()).toEqual({ answer: 'status', status: aStatus() });
  });

  it('is answered: audit, before the first and after', async () => {
    const client = await connectRaw((await startDaemon()).path);
    client.write('{"request":"audit"}\n');
    expect(await client.next()).toEqual({ answer: 'audit', latest: null });

    const latest = { report: aReport([aListener(), aListener({ port: 80 })]), ageMs: 12.5 };
    const other = await connectRaw((await startDaemon({ answers: someAnswers({ audit: () => latest }) })).path);
    other.write('{"request":"audit"}\n');
    expect(await other.next()).toEqual({ answer: 'audit', latest });
  });

  it('is answered: history, with the query as it was asked', async () => {
    const asked: unknown[] = [];
    const events = [anEvent({ sequence: 1 }), anEvent({ sequence: 2 })];
    const { path } = await startDaemon({
      answers: someAnswers({
        // eslint-disable-next-line @typescript-eslint/require-await
        async *history(query) {
          asked.push(query);
          yield* events;
        },
      }),
    });
    const client = await connectRaw(path);
    const query = { port: 1302, protocol: 'tcp', owner: null, kinds: ['opened'], minSeverity: 'warning', since: '2026-11-01T00:00:00.000Z', until: null, limit: 10 };
    client.write(`${JSON.stringify({ request: 'history', query })}\n`);
    expect([await client.next(), await client.next(), await client.next()]).toEqual([{ answer: 'event', event: events[0] }, { answer: 'event', event: events[1] }, { answer: 'end', count: 2 }]);
    expect(asked).toEqual([query]);
  });

  it('is served after the one before it, on the same connection, however they arrive', async () => {
    const client = await connectRaw((await startDaemon()).path);
    client.write('{"request":"status"}\n{"request":"audit"}\n{"req');
    expect(await client.next()).toMatchObject({ answer: 'status' });
    expect(await client.next()).toMatchObject({ answer: 'audit' });
    client.write('uest":"status"}\n');
    expect(await client.next()).toMatchObject({ answer: 'status' });
  });

  it('is answered in full to one who has closed his half, or sent no line end', async () => {
    const client = await connectRaw((await startDaemon()).path);
    client.socket.end('{"request":"status"}');
    expect(await client.rest()).toMatchObject([{ answer: 'status' }]);
  });

  it('shows no control character to one who asks by hand', async () => {
    const { path } = await startDaemon({ answers: someAnswers({ status: () => aStatus({ host: '\x1b[31m\x9b2J\u202e\u2028\x7f日' }) }) });
    const client = await connectRaw(path);
    client.socket.end('{"request":"status"}\n');
    const chunks: Buffer[] = [];
    for await (const chunk of client.socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString('latin1')).toMatch(/^[\x20-\x7e]*\n$/);
  });
});

describe('a request that is refused', () => {
  const other = 'the request is not understood: ';
  it.each([
    ['garbage', '\x00\x01\xff\n', 'the request is not a line of JSON, such as {"request":"status"}'],
    ['half of one', '{"request":"sta\n', 'the request is not a line of JSON, such as {"request":"status"}'],
    ['no object', '[]\n', `${other}the whole: expected an object, found a list`],
    ['an unknown one', '{"request":"reboot"}\n', `${other}request: expected one of status, audit, history, watch, found "reboot"`],
    ['a key of Object.prototype', '{"request":"constructor"}\n', `${other}request: expected one of status, audit, history, watch, found "constructor"`],
    ['an unknown key', '{"request":"status","__proto__":{"admin":true}}\n', `${other}there is no other key than request`],
    ['an unknown filter', '{"request":"history","query":{"limit":5,"regex":"(a+)+$"}}\n', `${other}there is no other key than port, protocol, owner, kinds, minSeverity, since, until, limit`],
    ['no bound', '{"request":"history","query":{}}\n', `${other}query.limit: expected a whole number from 1 to 1000000, found nothing`],
    ['a port that is none', '{"request":"history","query":{"limit":1,"port":65536}}\n', `${other}query.port: expected a whole number from 0 to 65535, or null, found 65536`],
    ['a time that is none', '{"request":"history","query":{"limit":1,"since":"2026-13-45T00:00:00Z"}}\n', `${other}query.since: expected one of a time like 2026-11-22T04:53:57.000Z, found "2026-13-45T00:00:00Z"`],
    ['deep nesting', `${'['.repeat(60_000)}\n`, 'the request is not a line of JSON, such as {"request":"status"}'],
    ['an endless line', 'x'.repeat(70_000), 'the request is longer than 65536 bytes'],
    ['an endless line in small pieces', `{"request":"status","a":"${'é'.repeat(40_000)}`, 'the request is longer than 65536 bytes'],
  ])('gets one error and no more: %s', async (_what, bytes, message) => {
    const { path } = await startDaemon();
    const client = await connectRaw(path);
    client.write(bytes);
    expect(await client.rest()).toEqual([error(message)]);
    const next = await connectRaw(path);
    next.write('{"request":"status"}\n');
    expect(await next.next()).toMatchObject({ answer: 'status' });
  });

  it('is told, and closed, when nothing comes, or only drops', async () => {
    const { path, server } = await startDaemon({ limits: { idleMs: 30 } });
    const silent = await connectRaw(path);
    expect(await silent.rest()).toEqual([error('no request came within 0.03 s')]);
    const slow = await connectRaw(path);
    const drops = setInterval(() => { slow.write('{'); }, 5);
    expect(await slow.rest()).toEqual([error('no request came within 0.03 s')]);
    clearInterval(drops);
    await Promise.all([silent.closed, slow.closed]);
    await expect.poll(() => server.clients).toBe(0);
  });

  it('because the daemon itself cannot answer leaves the daemon running, and says why in the log', async () => {
    const fails = (): never => {
      throw new Error('no such table');
    };
    // eslint-disable-next-line @typescript-eslint/require-await, require-yield
    const { path, log } = await startDaemon({ answers: someAnswers({ status: fails, async *history() { fails(); } }) });
    for (const request of ['{"request":"status"}\n', '{"request":"history","query":{"limit":1}}\n']) {
      const client = await connectRaw(path);
      client.write(request);
      expect(await client.rest()).toEqual([error('the daemon could not answer: its log says why')]);
    }
    expect(log).toEqual(Array(2).fill({ level: 'error', message: 'a control request could not be answered', fields: { reason: 'no such table' } }));
  });
});

describe('a watch', () => {
  it('tells events of the wanted kinds as they happen, and ends with the watcher', async () => {
    const source = eventSource();
    const { path } = await startDaemon({ answers: someAnswers({ subscribe: source.subscribe }) });
    const client = await connectRaw(path);
    client.write('{"request":"watch","kinds":["opened","closed"]}\n');
    expect(await client.next()).toEqual({ answer: 'watching' });
    source.push(anEvent({ kind: 'reminder' }));
    source.push(anEvent({ sequence: 7 }));
    expect(await client.next()).toEqual({ answer: 'event', event: anEvent({ sequence: 7 }) });
    source.push(anEvent({ kind: 'closed', audience: 'record' }));
    expect(await client.next()).toMatchObject({ event: { kind: 'closed' } });
    client.socket.destroy();
    await expect.poll(() => source.watchers.size).toBe(0);
  });

  it('outlasts the idle time, and does not take another request', async () => {
    const source = eventSource();
    const { path } = await startDaemon({ answers: someAnswers({ subscribe: source.subscribe }), limits: { idleMs: 20 } });
    const client = await connectRaw(path);
    client.write('{"request":"watch","kinds":null}\n');
    expect(await client.next()).toEqual({ answer: 'watching' });
    await new Promise((resolve) => setTimeout(resolve, 60));
    source.push(anEvent());
    expect(await client.next()).toMatchObject({ answer: 'event' });
    client.write('{"request":"status"}\n');
    expect(await client.rest()).toEqual([error('a watch does not end: ask for anything else over another connection')]);
    expect(source.watchers.size).toBe(0);
  });

  it('of one who does not read costs a bounded queue, and tells exactly what was passed over', async () => {
    const source = eventSource();
    const { path } = await startDaemon({ answers: someAnswers({ subscribe: source.subscribe }), limits: { queuedEvents: 100 } });
    const client = await connectRaw(path);
    client.write('{"request":"watch","kinds":null}\n');
    expect(await client.next()).toEqual({ answer: 'watching' });
    const sent = 5000;
    for (let sequence = 1; sequence <= sent; sequence++) source.push(anEvent({ sequence }));

    const told: number[] = [];
    let missed = 0;
    while (told.length + missed < sent) {
      const answer = (await client.next()) as { answer: string; event: PortreeveEvent; count: number };
      if (answer.answer === 'missed') missed += answer.count;
      else told.push(answer.event.sequence);
    }
    expect(told.length + missed).toBe(sent);
    expect(missed).toBeGreaterThan(sent - 400);
    expect(told).toEqual([...told].sort((one, two) => one - two));
    source.push(anEvent({ sequence: sent + 1 }));
    expect(await client.next()).toMatchObject({ event: { sequence: sent + 1 } });
  });

  it('is dropped when it does not read at all', async () => {
    const source = eventSource();
    const { path, log, server } = await startDaemon({ answers: someAnswers({ subscribe: source.subscribe }), limits: { stallMs: 30 } });
    const client = await connectRaw(path);
    client.write('{"request":"watch","kinds":null}\n');
    expect(await client.next()).toEqual({ answer: 'watching' });
    client.socket.pause();
    while (server.clients > 0) {
      source.push(anEvent({ message: 'x'.repeat(20_000) }));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(source.watchers.size).toBe(0);
    expect(log).toContainEqual({ level: 'warning', message: 'a control client did not read its answer and was dropped', fields: { stalledMs: 30 } });
  });
});

describe('a large audit', () => {
  const report = aReport(Array.from({ length: 3000 }, (_, index) => aListener({ port: index + 1, id: `listener ${index}` })));

  it('comes whole, and is made only as fast as it is read', async () => {
    let made = 0;
    const counting = { ...report, listeners: report.listeners.map((listener) => ({ ...listener, toJSON: () => { made += 1; return listener; } })) };
    const { path } = await startDaemon({ answers: someAnswers({ audit: () => ({ report: counting, ageMs: 0 }) }) });
    const client = await connectRaw(path);
    client.socket.pause();
    client.write('{"request":"audit"}\n');
    await once(client.socket, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toBeLessThan(1500);
    expect(await client.next()).toEqual({ answer: 'audit', latest: { report, ageMs: 0 } });
    expect(made).toBe(3000);
  });
});

describe('close', () => {
  it('lets a watcher take what was told, ends it, and leaves nobody connected', async () => {
    const source = eventSource();
    const { path, server } = await startDaemon({ answers: someAnswers({ subscribe: source.subscribe }) });
    const client = await connectRaw(path);
    client.write('{"request":"watch","kinds":null}\n');
    expect(await client.next()).toEqual({ answer: 'watching' });
    source.push(anEvent({ kind: 'agent' }));
    await new Promise(setImmediate);
    const closing = server.close();
    expect(await client.rest()).toMatchObject([{ event: { kind: 'agent' } }]);
    await closing;
    expect(server.clients).toBe(0);
    await expect(connectRaw(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('waits no longer than it may for one who does not read', async () => {
    const { path, server } = await startDaemon({ limits: { closeMs: 20 } });
    const client = await connectRaw(path);
    client.socket.pause();
    await server.close();
    expect(server.clients).toBe(0);
  });
});
