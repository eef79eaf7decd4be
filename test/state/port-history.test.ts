import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import type { EventDraft, PortreeveEvent } from '../../src/model/event.ts';
import type { PortHistory } from '../../src/model/history.ts';
import { tracePort } from '../../src/state/port-history.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';
import { aDraft } from './samples.ts';

const at = (hour: number): string => `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000Z`;
const nc = aListener({ port: 1302, owners: [anOwner({ pid: 1, name: 'nc', exe: '/usr/bin/nc', unit: null })] });
const licd = aListener({ port: 1302, owners: [anOwner({ pid: 2, name: 'licd', exe: '/opt/licd/bin/licd', unit: 'licd.service' })] });
const nobody = aListener({ port: 1302, ownerKind: 'unknown', ownerNote: { code: 'process-left', detail: '' }, owners: [] });

/** Events of which only time, kind and listener matter; an alert where there is one. */
type Told = readonly [hour: number, kind: EventDraft['kind'], listener: AuditedListener, partial?: Partial<EventDraft>];

async function trace(told: readonly Told[], protocol: string | null = null): Promise<PortHistory> {
  async function* events(): AsyncGenerator<PortreeveEvent> {
    for (const [index, [hour, kind, listener, partial]] of told.entries()) {
      yield await Promise.resolve({ schema: 'portreeve/event/v1', id: '0'.repeat(26), sequence: index + 1, time: at(hour), host: 'web1', ...aDraft({ kind, listener, alert: null, ...partial }) });
    }
  }
  return tracePort(events(), { port: 1302, protocol });
}
const brief = ({ tenures }: PortHistory): unknown[] => tenures.map(({ listener, from, since, until, openings }) => [listener.owners[0]?.name, Number(from.slice(11, 13)), Number(since.slice(11, 13)), until === null ? null : Number(until.slice(11, 13)), openings]);
const closed = (hour: number): Partial<EventDraft> => ({ alert: { id: 'a', openedAt: at(hour), openings: 1, resolution: 'closed' } });

describe('tracePort', () => {
  it('tells who came, and who holds it', async () => {
    expect(brief(await trace([[1, 'opened', nc]]))).toEqual([['nc', 1, 1, null, 1]]);
  });

  it('tells who left', async () => {
    expect(brief(await trace([[1, 'opened', nc], [3, 'resolved', nc, closed(1)]]))).toEqual([['nc', 1, 1, 3, 1]]);
    expect(brief(await trace([[1, 'listening', nc], [3, 'closed', nc]]))).toEqual([['nc', 1, 1, 3, 1]]);
  });

  it('tells who took over, with or without a gap', async () => {
    expect(brief(await trace([[1, 'opened', nc], [3, 'changed', licd]]))).toEqual([['nc', 1, 1, 3, 1], ['licd', 3, 3, null, 1]]);
    expect(brief(await trace([[1, 'opened', nc], [2, 'resolved', nc, closed(1)], [3, 'opened', licd]]))).toEqual([['nc', 1, 1, 2, 1], ['licd', 3, 3, null, 1]]);
  });

  it('takes a restart, with another pid, for the same owner', async () => {
    const again = { ...nc, owners: [anOwner({ ...nc.owners[0], pid: 99 })] };
    expect(brief(await trace([[1, 'opened', nc], [2, 'resolved', nc, closed(1)], [3, 'opened', again]]))).toEqual([['nc', 1, 3, null, 2]]);
  });

  it('does not take a look that named nobody for another owner', async () => {
    const traced = await trace([[1, 'opened', nc], [2, 'changed', nobody], [3, 'changed', nc]]);
    expect(brief(traced)).toEqual([['nc', 1, 1, null, 1]]);
    expect(brief(await trace([[1, 'opened', nobody], [2, 'changed', licd]]))).toEqual([['licd', 1, 1, null, 1]]);
  });

  it('does not take an exception for a departure', async () => {
    expect(brief(await trace([[1, 'opened', nc], [2, 'resolved', nc, { alert: { id: 'a', openedAt: at(1), openings: 1, resolution: 'excepted' } }]]))).toEqual([['nc', 1, 1, null, 1]]);
  });

  it('counts an end that is told twice once', async () => {
    expect(brief(await trace([[1, 'opened', nc], [2, 'closed', nc], [3, 'resolved', nc, closed(1)]]))).toEqual([['nc', 1, 1, 2, 1]]);
  });

  it('knows from an alert when it began, where the log has lost the beginning, and never after the event', async () => {
    expect(brief(await trace([[5, 'reminder', nc, { alert: { id: 'a', openedAt: at(1), openings: 1, resolution: null } }]]))).toEqual([['nc', 1, 1, null, 1]]);
    expect(brief(await trace([[5, 'opened', nc, { alert: { id: 'a', openedAt: at(9), openings: 1, resolution: null } }]]))).toEqual([['nc', 5, 5, null, 1]]);
  });

  it('tells of one that closed at once, by how long it lived', async () => {
    const traced = await trace([[3, 'transient', nc, { detail: { livedMs: 7_200_000 } }]]);
    expect(brief(traced)).toEqual([['nc', 1, 1, 3, 1]]);
    expect(brief(await trace([[3, 'transient', nc, { detail: { livedMs: 1e300 } }]]))[0]).toHaveLength(5);
  });

  it('keeps addresses and protocols apart, and leaves other ports out', async () => {
    const local = aListener({ ...licd, address: '127.0.0.1' });
    const udp = aListener({ ...nc, protocol: 'udp' });
    const other = aListener({ ...nc, port: 22 });
    const told: Told[] = [[1, 'opened', nc], [2, 'opened', local], [3, 'opened', udp], [4, 'opened', other], [5, 'closed', nc]];
    expect(brief(await trace(told))).toEqual([['nc', 1, 1, 5, 1], ['licd', 2, 2, null, 1], ['nc', 3, 3, null, 1]]);
    expect(brief(await trace(told, 'udp'))).toEqual([['nc', 3, 3, null, 1]]);
  });

  it('notes who was there before', async () => {
    expect((await trace([[1, 'opened', nc, { detail: { atStart: true } }]])).tenures[0]).toMatchObject({ wasThere: true });
  });

  it('is bounded: the first is kept, and those that are left out are counted', async () => {
    const told = Array.from({ length: 1000 }, (_, index): Told => [1, 'changed', aListener({ port: 1302, owners: [anOwner({ name: `p${index}`, exe: `/p${index}` })] })]);
    const { tenures, omitted } = await trace(told);
    expect([tenures.length, omitted]).toEqual([200, 800]);
    expect([tenures[0]!.listener.owners[0]!.name, tenures[199]!.listener.owners[0]!.name]).toEqual(['p0', 'p999']);
  });
});
