import fc from 'fast-check';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HistoryQuery } from '../../src/model/daemon.ts';
import { EVENT_KINDS, type EventDraft, type PortreeveEvent } from '../../src/model/event.ts';
import { SEVERITIES } from '../../src/model/severity.ts';
import { openEventReader } from '../../src/state/event-reader.ts';
import { queryHistory } from '../../src/state/query-history.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aClock, aDraft, aLogger, openLog, readAll, RUNS } from './samples.ts';

const folder = useFolder();
const ALL: HistoryQuery = { port: null, protocol: null, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: 1000 };

async function ask(events: readonly EventDraft[], query: Partial<HistoryQuery>): Promise<readonly PortreeveEvent[]> {
  const clock = aClock('2026-11-20T00:00:00.000Z');
  const log = await openLog(folder.path, { clock });
  for (const event of events) {
    await log.append([event]);
    clock.pass(3_600_000);
  }
  const found = [];
  for await (const event of queryHistory(log, { ...ALL, ...query })) found.push(event);
  await log.close();
  return found;
}
const sequences = (events: readonly PortreeveEvent[]): number[] => events.map(({ sequence }) => sequence);
const on = (port: number, partial: Partial<EventDraft> = {}): EventDraft => aDraft({ listener: aListener({ port }), ...partial });

describe('queryHistory', () => {
  it.each([
    ['a port', { port: 1302 }, [1, 3]],
    ['a port and a protocol', { port: 1302, protocol: 'udp' }, [3]],
    ['an executable, whatever its case', { owner: 'OPT/licd' }, [3]],
    ['a unit', { owner: 'ssh.service' }, [1, 2]],
    ['kinds', { kinds: ['agent', 'resolved'] as const }, [2, 4]],
    ['a severity', { minSeverity: 'error' as const }, [1, 2]],
    ['a time', { since: '2026-11-20T01:00:00.000Z', until: '2026-11-20T02:00:00.000Z' }, [2, 3]],
    ['all of it', { port: 1302, since: '2026-11-20T01:00:00.000Z', minSeverity: 'critical' as const }, []],
    ['the newest', { limit: 2 }, [3, 4]],
    ['the newest that fit', { port: 1302, limit: 1 }, [3]],
    ['none', { limit: 0 }, []],
  ])('finds by %s, oldest first', async (_, query, expected) => {
    const licd = aListener({ port: 1302, protocol: 'udp', owners: [anOwner({ exe: '/opt/licd/bin/licd', unit: 'licd.service' })] });
    const events = [on(1302), on(22, { kind: 'resolved' }), aDraft({ severity: 'warning', listener: licd }), aDraft({ kind: 'agent', severity: 'info', listener: null })];
    expect(sequences(await ask(events, query))).toEqual(expected);
  });

  it('gives what a filter over all events gives, whatever is asked for', async () => {
    const clock = aClock();
    const log = await openLog(folder.path, { clock });
    const one = fc.record({ port: fc.constantFrom(1302, 22), kind: fc.constantFrom(...EVENT_KINDS), severity: fc.constantFrom(...SEVERITIES) });
    for (const { port, ...partial } of fc.sample(one, { seed: 1, numRuns: 300 })) await log.append([on(port, partial)]);
    const all = await readAll(log);
    await fc.assert(
      fc.asyncProperty(fc.option(fc.constantFrom(1302, 22, 80)), fc.option(fc.subarray([...EVENT_KINDS])), fc.option(fc.constantFrom(...SEVERITIES)), fc.nat(400), async (port, kinds, minSeverity, limit) => {
        const found = [];
        for await (const event of queryHistory(log, { ...ALL, port, kinds, minSeverity, limit })) found.push(event);
        const fitting = all.filter(({ listener, kind, severity }) => (port === null || listener?.port === port) && (kinds?.includes(kind) ?? true) && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minSeverity ?? 'info'));
        expect(sequences(found)).toEqual(sequences(limit === 0 ? [] : fitting.slice(-limit)));
      }),
      RUNS,
    );
    await log.close();
  });
});

describe('openEventReader', () => {
  const open = (): ReturnType<typeof openEventReader> => openEventReader({ folder: join(folder.path, 'events'), logger: aLogger() });

  it('reads a log that is being written, and changes nothing', async () => {
    const log = await openLog(folder.path, { maxBytes: 1 << 19 });
    for (let batch = 0; batch < 5; batch++) await log.append(Array.from({ length: 20 }, () => aDraft()));
    const [file] = readdirSync(join(folder.path, 'events')).slice(-1);
    const path = join(folder.path, 'events', file!);
    appendFileSync(path, '{"schema":"portreeve/event/v1","id":"');
    const before = readFileSync(path);
    const reader = await open();
    expect([reader.oldest, reader.newest]).toEqual([log.oldest, 100]);
    expect(await readAll(reader)).toEqual(await readAll(log));
    expect(readFileSync(path).equals(before)).toBe(true);
    await log.close();
  });

  it('finds nothing in an empty folder, and passes over what is no segment', async () => {
    const events = join(folder.path, 'events');
    mkdirSync(join(events, `events-${'1'.padStart(20, '0')}.jsonl`), { recursive: true });
    writeFileSync(join(events, 'notes.txt'), 'x');
    const reader = await open();
    expect([reader.oldest, reader.newest, await reader.readAfter(0, 10)]).toEqual([1, 0, []]);
  });

  it('fails where there is no folder', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
