import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HistoryQuery } from '../../src/model/daemon.ts';
import { PortreeveError } from '../../src/model/errors.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { readMoment, readPlace } from '../../src/pass/history-question.ts';
import { readHistory, type DaemonHistory } from '../../src/pass/history.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aDraft, aLogger, drafts, openLog } from '../state/samples.ts';

const folder = useFolder();
const ALL: HistoryQuery = { port: null, protocol: null, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: 1000 };
const logger = aLogger();

function aDaemon(events: readonly PortreeveEvent[]): DaemonHistory & { readonly asked: HistoryQuery[] } {
  const asked: HistoryQuery[] = [];
  return {
    place: '/run/portreeve/control.sock',
    asked,
    async *query(query) {
      asked.push(query);
      yield* await Promise.resolve(events);
    },
  };
}
const unreachable: DaemonHistory = {
  place: '/run/portreeve/control.sock',
  async *query() {
    yield* await Promise.reject<PortreeveEvent[]>(new PortreeveError('daemon-unreachable', '/run/portreeve/control.sock: no daemon runs here'));
  },
};

describe('readHistory', () => {
  it('reads the event log, also while it is open for writing', async () => {
    const log = await openLog(folder.path);
    await log.append([...drafts(3), aDraft({ kind: 'agent', listener: null })]);
    const daemon = aDaemon([]);
    const history = await readHistory({ ...ALL, port: 1302, limit: 2 }, { stateDir: folder.path, daemon, logger });
    expect(history).toMatchObject({ schema: 'portreeve/history/v1', source: { kind: 'event-log', place: join(folder.path, 'events') }, oldest: '2026-11-22T07:47:56.000Z' });
    expect(history.events.map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(history.port?.tenures).toMatchObject([{ from: '2026-11-22T07:47:56.000Z', until: null, listener: { port: 1302 } }]);
    expect(daemon.asked).toEqual([]);
    await log.close();
  });

  it('traces a port by all its events, whatever else was asked for', async () => {
    const log = await openLog(folder.path);
    await log.append(drafts(3));
    await log.close();
    const history = await readHistory({ ...ALL, port: 1302, minSeverity: 'critical' }, { stateDir: folder.path, daemon: null, logger });
    expect([history.events, history.port?.tenures.length]).toEqual([[], 1]);
  });

  it('asks the daemon where there is no event log', async () => {
    const log = await openLog(folder.path);
    const events = await log.append(drafts(2));
    await log.close();
    const daemon = aDaemon(events);
    const stateDir = join(folder.path, 'none');
    const query = { ...ALL, port: 1302, limit: 7, minSeverity: 'error' as const };
    const history = await readHistory(query, { stateDir, daemon, logger });
    expect(history).toMatchObject({ source: { kind: 'daemon', place: '/run/portreeve/control.sock' }, oldest: null, events });
    expect(daemon.asked).toEqual([query, { ...ALL, port: 1302, limit: 1_000_000 }]);
  });

  it('says both where the daemon cannot be asked either, and what to do', async () => {
    const stateDir = join(folder.path, 'none');
    await expect(readHistory(ALL, { stateDir, daemon: unreachable, logger })).rejects.toMatchObject({
      code: 'state-unreadable',
      exitCode: 3,
      message: `${join(stateDir, 'events')}: there is no event log, and the daemon cannot be asked: /run/portreeve/control.sock: no daemon runs here`,
    });
    await expect(readHistory(ALL, { stateDir, daemon: null, logger })).rejects.toMatchObject({ code: 'state-unreadable', message: `${join(stateDir, 'events')}: there is no event log` });
  });

  it.skipIf(process.getuid?.() === 0)('tells who may not read it to use sudo (skipped as root, who may)', async () => {
    await (await openLog(folder.path)).close();
    chmodSync(join(folder.path, 'events'), 0);
    const failed = readHistory(ALL, { stateDir: folder.path, daemon: null, logger });
    await expect(failed).rejects.toMatchObject({ code: 'state-unreadable', hint: expect.stringContaining('sudo') as string });
    chmodSync(join(folder.path, 'events'), 0o700);
  });
});

describe('readPlace', () => {
  it.each([
    ['1302', { port: 1302, protocol: null }],
    ['1302/UDP', { port: 1302, protocol: 'udp' }],
    ['0/sctp', { port: 0, protocol: 'sctp' }],
  ])('reads %s', (text, place) => {
    expect(readPlace(text)).toEqual(place);
  });

  it.each([
    ['65536', '"65536" is not a port'],
    ['ssh', '"ssh" is not a port'],
    ['-1', '"-1" is not a port'],
    ['1302/raw', '"raw" is not a protocol with ports'],
    ['\x1b[2J', '"\\x1b[2J" is not a port'],
    ['', '"" is not a port'],
  ])('refuses %j', (text, message) => {
    expect(() => readPlace(text)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });

  it('tells what was meant', () => {
    expect(() => readPlace('1302/tpc')).toThrow(expect.objectContaining({ hint: 'did you mean 1302/tcp?' }));
  });
});

describe('readMoment', () => {
  const now = new Date('2026-11-22T07:47:56.000Z');
  it.each([
    ['7d', '2026-11-15T07:47:56.000Z'],
    ['90s', '2026-11-22T07:46:26.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T06:12', '2026-11-20T06:12:00.000Z'],
    ['2026-11-20 06:12:44', '2026-11-20T06:12:44.000Z'],
    ['2026-11-20T06:12:44.5Z', '2026-11-20T06:12:44.500Z'],
  ])('reads %s', (text, moment) => {
    expect(readMoment(text, now)).toBe(moment);
  });

  it.each(['', '7', '0d', '7 days', 'yesterday', '2026-02-30', '2026-13-01', '2026-11-20T25:00', '9999999d', '2026-11-20T06:12+01:00'])('refuses %j', (text) => {
    expect(() => readMoment(text, now)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
