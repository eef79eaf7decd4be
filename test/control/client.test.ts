import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { askDaemon, type AskOptions } from '../../src/control/client.ts';
import { formatAudit, formatLine, Misread, parseAnswer } from '../../src/control/protocol.ts';
import type { ControlAnswer, ControlRequest } from '../../src/model/daemon.ts';
import { aReport, webServer } from '../fixtures/audit-report.ts';
import { anEvent, aStatus, someAnswers } from '../fixtures/daemon.ts';
import { closeAll, makeFolder, startDaemon } from './control-socket.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await closeAll();
});

async function ask(path: string, request: ControlRequest = { request: 'status' }, options?: AskOptions): Promise<ControlAnswer[]> {
  const answers: ControlAnswer[] = [];
  for await (const answer of askDaemon(path, request, options)) answers.push(answer);
  return answers;
}

/** Something that listens and says what it likes; it hangs up unless `stays`. */
async function startImpostor(say: string | Uint8Array, stays = false): Promise<string> {
  const path = join(makeFolder(), 's');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (stays) socket.write(say);
    else socket.end(say);
  }).listen(path);
  await once(server, 'listening');
  servers.push(server);
  return path;
}

describe('askDaemon', () => {
  it('gives what the daemon answers', async () => {
    const latest = { report: aReport(webServer()), ageMs: 1200 };
    // eslint-disable-next-line @typescript-eslint/require-await
    const { path } = await startDaemon({ answers: someAnswers({ audit: () => latest, async *history() { yield anEvent(); } }) });
    expect(await ask(path)).toEqual([{ answer: 'status', status: aStatus() }]);
    expect(await ask(path, { request: 'audit' })).toEqual([{ answer: 'audit', latest }]);
    const query = { port: null, protocol: null, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: 5 };
    expect(await ask(path, { request: 'history', query })).toEqual([{ answer: 'event', event: anEvent() }, { answer: 'end', count: 1 }]);
  });

  it('gives events until the daemon goes, or the signal says so', async () => {
    let push = (): void => undefined;
    const daemon = await startDaemon({
      answers: someAnswers({
        subscribe(listener) {
          push = () => { listener(anEvent()); };
          return () => undefined;
        },
      }),
    });
    const answers = askDaemon(daemon.path, { request: 'watch', kinds: null }, { timeoutMs: 20 });
    expect((await answers.next()).value).toEqual({ answer: 'watching' });
    // Longer than an answer to anything else may take.
    await new Promise((resolve) => setTimeout(resolve, 60));
    push();
    expect((await answers.next()).value).toEqual({ answer: 'event', event: anEvent() });
    await daemon.server.close();
    expect((await answers.next()).done).toBe(true);

    const other = await startDaemon();
    const controller = new AbortController();
    const stopped = ask(other.path, { request: 'watch', kinds: null }, { signal: controller.signal });
    await expect.poll(() => other.server.clients).toBe(1);
    controller.abort();
    expect((await stopped).filter(({ answer }) => answer !== 'watching')).toEqual([]);
    expect(await ask(other.path, { request: 'status' }, { signal: controller.signal })).toEqual([]);
  });

  it('says what to do where no daemon runs', async () => {
    const folder = makeFolder();
    await expect(ask(join(folder, 's'))).rejects.toMatchObject({
      code: 'daemon-unreachable',
      message: `${folder}/s: no daemon runs here`,
      hint: 'systemctl start portreeve starts it; portreeve audit --now scans this host once without it',
    });
    writeFileSync(join(folder, 'file'), '');
    await expect(ask(join(folder, 'file'))).rejects.toMatchObject({ code: 'daemon-unreachable', message: `${folder}/file: no daemon answers here any more` });
    await expect(ask(join(folder, 'x'.repeat(200)))).rejects.toMatchObject({ code: 'daemon-unreachable' });
  });

  it('tells a refusal, harmlessly', async () => {
    const path = await startImpostor(formatLine({ answer: 'error', message: '\x1b[31mno\nportreeve: all is well' }), true);
    await expect(ask(path)).rejects.toMatchObject({ code: 'control-failed', message: 'the daemon refused: \\x1b[31mno\\nportreeve: all is well' });
  });

  it('does not wait for ever', async () => {
    const path = await startImpostor('{"answer":', true);
    await expect(ask(path, { request: 'status' }, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'daemon-unreachable', message: `${path}: the daemon did not answer within 0.03 s` });

    const dripping = join(makeFolder(), 's');
    const server = createServer((socket) => {
      const drops = setInterval(() => socket.write('{'), 5);
      socket.on('error', () => undefined).on('close', () => { clearInterval(drops); });
    }).listen(dripping);
    servers.push(server);
    await once(server, 'listening');
    await expect(ask(dripping, { request: 'status' }, { timeoutMs: 60 })).rejects.toMatchObject({ code: 'daemon-unreachable', message: `${dripping}: the daemon did not answer within 0.06 s` });
  });

  it('waits for whoever asked as long as he likes', async () => {
    const events = [1, 2, 3].map((sequence) => anEvent({ sequence }));
    // eslint-disable-next-line @typescript-eslint/require-await
    const { path } = await startDaemon({ answers: someAnswers({ async *history() { yield* events; } }) });
    const query = { port: null, protocol: null, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: 5 };
    const answers = askDaemon(path, { request: 'history', query }, { timeoutMs: 30 });
    await answers.next();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect([(await answers.next()).value, (await answers.next()).value, (await answers.next()).value]).toEqual([{ answer: 'event', event: events[1] }, { answer: 'event', event: events[2] }, { answer: 'end', count: 3 }]);
  });

  it('does not take an answer that breaks off for one', async () => {
    await expect(ask(await startImpostor(''))).rejects.toMatchObject({ code: 'daemon-unreachable', message: expect.stringMatching(/closed the connection before it had answered$/) as string });
    await expect(ask(await startImpostor(formatLine({ answer: 'status', status: aStatus() }).slice(0, 400)))).rejects.toMatchObject({ code: 'control-failed', message: expect.stringMatching(/it is not JSON, or not whole$/) as string });
    const events = formatLine({ answer: 'event', event: anEvent() }).repeat(3);
    const query = { port: null, protocol: null, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: 5 };
    await expect(ask(await startImpostor(events), { request: 'history', query })).rejects.toMatchObject({ code: 'daemon-unreachable' });
  });

  it.each([
    ['another answer', '{"answer":"reboot"}\n', /answer: expected one of .*, found "reboot"/],
    ['a part of a status', '{"answer":"status","status":{"schema":"portreeve/status/v1"}}\n', /status\.version: expected text, found nothing/],
    ['a status of another version', '{"answer":"status","status":{"schema":"portreeve/status/v2"}}\n', /status\.schema: expected one of portreeve\/status\/v1/],
    ['terminal escapes in a fault', `{"answer":"\\u001b[2J"}\n`, /found "\\u001b\[2J"$/],
  ])('does not believe %s', async (_what, bytes, message) => {
    await expect(ask(await startImpostor(bytes))).rejects.toMatchObject({ code: 'control-failed', message: expect.stringMatching(message) as string, hint: 'the daemon may be of another version than this command: systemctl restart portreeve' });
  });

  it('does not read an endless line to its end', async () => {
    const path = join(makeFolder(), 's');
    let sent = 0;
    const piece = 'x'.repeat(1 << 20);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      const write = (): void => {
        sent += piece.length;
        if (!socket.destroyed) socket.write(piece, write);
      };
      write();
    }).listen(path);
    servers.push(server);
    await once(server, 'listening');
    await expect(ask(path)).rejects.toMatchObject({ code: 'control-failed', message: `${path}: the answer is not understood: it is too long` });
    expect(sent).toBeLessThan(40 << 20);
  });
});

describe('answers', () => {
  const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

  it('are the same after the way over the socket', () => {
    const report = aReport(webServer().map((listener) => ({ ...listener, peers: null, owners: listener.owners.map((owner) => ({ ...owner, exePackage: null })) })));
    const read = parseAnswer([...formatAudit({ report, ageMs: 3 })].join('').trimEnd());
    expect(read).toEqual({ answer: 'audit', latest: { report, ageMs: 3 } });
    const detail = JSON.parse('{"__proto__":"x","constructor":1}') as Record<string, string | number>;
    const event = anEvent({ detail });
    const back = parseAnswer(formatLine({ answer: 'event', event }).trimEnd());
    expect(back).toEqual({ answer: 'event', event });
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('that are anything else are refused, whatever they are', () => {
    const wholes = [formatLine({ answer: 'status', status: aStatus() }), formatLine({ answer: 'event', event: anEvent() }), [...formatAudit({ report: aReport(webServer()), ageMs: 3 })].join('')].map((line) => JSON.parse(line) as object);
    fc.assert(
      fc.property(fc.constantFrom(...wholes), fc.nat(), fc.jsonValue(), (whole, where, junk) => {
        const copy = structuredClone(whole);
        const places = listPlaces(copy);
        const place = places[where % places.length]!;
        (place.owner as Record<string, unknown>)[place.key] = junk;
        try {
          parseAnswer(JSON.stringify(copy));
        } catch (error) {
          expect(error).toBeInstanceOf(Misread);
        }
      }),
      RUNS,
    );
    fc.assert(fc.property(fc.json(), (line) => { expect(() => parseAnswer(line)).toThrow(/expected|not JSON/); }), RUNS);
  });
});

function listPlaces(value: unknown): { readonly owner: object; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => [{ owner: value, key }, ...listPlaces(part)]);
}
