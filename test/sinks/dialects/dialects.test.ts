import { describe, expect, it } from 'vitest';
import { describeEvent } from '../../../src/sinks/dialects/describe-event.ts';
import { formatJson } from '../../../src/model/ascii-json.ts';
import { EVENT_KINDS } from '../../../src/model/event.ts';
import { aListener, anOwner } from '../../fixtures/audit-report.ts';
import { anEvent } from '../fakes.ts';

describe('the dialects', () => {
  it('are portreeve\'s own event, marked where it may be a duplicate', () => {
    expect(describeEvent({ event: anEvent(), possibleDuplicate: false }, 'portreeve')).toEqual(anEvent());
    expect(describeEvent({ event: anEvent(), possibleDuplicate: true }, 'portreeve')).toEqual({ ...anEvent(), possibleDuplicate: true });
  });

  it('are Elastic Common Schema', () => {
    expect(describeEvent({ event: anEvent(), possibleDuplicate: true }, 'ecs')).toMatchObject({
      '@timestamp': '2026-11-22T04:53:57.123Z',
      'ecs': { version: '8.11.0' },
      'event': { id: anEvent().id, kind: 'alert', category: ['network'], type: ['start'], action: 'opened', severity: 4, dataset: 'portreeve.event' },
      'host': { name: 'web1.example' },
      'rule': { id: 'de-assigned-exposed' },
      'threat': { technique: { id: ['T1571'] } },
      'server': { ip: '0.0.0.0', port: 1302 },
      'network': { transport: 'tcp', type: 'ipv4' },
      'process': { pid: 4711, executable: '/opt/licd/bin/licd', user: { id: '998', name: 'licd' } },
      'portreeve': { status: 'de-assigned', rules: ['de-assigned-exposed', 'unpackaged-executable'], possible_duplicate: true },
    });
  });

  it('have in ECS the types that it expects with a category', () => {
    const expected = { network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'], configuration: ['access', 'change', 'creation', 'deletion', 'info'] };
    for (const kind of EVENT_KINDS) {
      // A listener belongs to the events about one, and to no other.
      const isAbout = ['opened', 'changed', 'reminder', 'resolved', 'transient', 'listening', 'closed'].includes(kind);
      const { event } = describeEvent({ event: anEvent({ kind, ...(isAbout ? {} : { listener: null, alert: null }) }), possibleDuplicate: false }, 'ecs') as { event: { category: (keyof typeof expected)[]; type: string[] } };
      for (const type of event.type) expect(expected[event.category[0]!], kind).toContain(type);
    }
  });

  it('are OCSF\'s Detection Finding, joined by the alert', () => {
    const opened = describeEvent({ event: anEvent(), possibleDuplicate: false }, 'ocsf');
    expect(opened).toMatchObject({
      class_uid: 2004,
      category_uid: 2,
      activity_id: 1,
      type_uid: 200401,
      severity_id: 4,
      status_id: 1,
      time: Date.parse('2026-11-22T04:53:57.123Z'),
      metadata: { uid: anEvent().id, product: { name: 'portreeve' } },
      finding_info: { uid: 'a1b2c3', title: 'Listener on a de-assigned port, reachable from other hosts', attacks: [{ technique: { uid: 'T1571' } }] },
      evidences: [{ dst_endpoint: { ip: '0.0.0.0', port: 1302 }, process: { pid: 4711, file: { path: '/opt/licd/bin/licd', name: 'licd' } } }],
      unmapped: { status: 'de-assigned' },
    });
    const resolved = describeEvent({ event: anEvent({ kind: 'resolved', alert: { ...anEvent().alert!, resolution: 'closed' } }), possibleDuplicate: false }, 'ocsf');
    expect(resolved).toMatchObject({ activity_id: 3, type_uid: 200403, status_id: 4, status_detail: 'closed', finding_info: { uid: 'a1b2c3' } });
    const lost = describeEvent({ event: anEvent({ kind: 'loss', alert: null, listener: null }), possibleDuplicate: false }, 'ocsf');
    expect(lost).toMatchObject({ activity_id: 1, status_id: 1, status: 'New', finding_info: { uid: anEvent().id } });
    const contained = describeEvent({ event: anEvent({ listener: aListener({ owners: [anOwner({ container: 'c0ffee' })] }) }), possibleDuplicate: false }, 'ocsf');
    expect(contained).toMatchObject({ metadata: { profiles: ['container'] }, evidences: [{ process: { container: { uid: 'c0ffee' } } }] });
  });

  it('have in OCSF what the schema requires of a Detection Finding, for any kind of event', () => {
    const words = expect.any(String) as string;
    for (const kind of EVENT_KINDS) {
      for (const listener of [null, anEvent().listener]) {
        const finding = describeEvent({ event: anEvent({ kind, listener, alert: null }), possibleDuplicate: false }, 'ocsf') as Record<string, unknown>;
        const activity = Number(finding['activity_id']);
        expect([1, 2, 3, 99]).toContain(activity);
        expect(finding).toMatchObject({ category_uid: 2, class_uid: 2004, type_uid: 200_400 + activity, severity_id: 4, time: expect.any(Number) as number, message: words });
        expect(finding).toMatchObject({ finding_info: { uid: words, title: words }, metadata: { version: '1.3.0', product: { vendor_name: words } }, device: { type_id: 0 } });
        if (activity === 99) expect(finding).toMatchObject({ activity_name: kind });
        expect('status_id' in finding).toBe(activity !== 99);
        if (listener !== null) expect(finding).toMatchObject({ evidences: [{ connection_info: { direction_id: 1 }, process: { file: { name: words, type_id: 1 } } }], finding_info: { analytic: { type_id: 1 } } });
      }
    }
  });

  it.each(['ecs', 'ocsf'] as const)('hold no null in %s, for any kind of event and an owner of whom nothing is known', (dialect) => {
    const owner = anOwner({ exe: null, uid: null, user: null, unit: null, commandLine: null, startedAt: null });
    for (const kind of EVENT_KINDS) {
      for (const listener of [null, aListener({ registry: null, port: null, owners: [owner] }), aListener({ owners: [], ownerKind: 'unknown' })]) {
        expect(formatJson(describeEvent({ event: anEvent({ kind, listener, alert: null }), possibleDuplicate: false }, dialect))).not.toContain('null');
      }
    }
  });

  it('are written in ASCII, and read back as they were', () => {
    const event = anEvent({ message: 'é\u009b\u202e💥\ud800' });
    const line = formatJson(describeEvent({ event, possibleDuplicate: false }, 'portreeve'));
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toEqual(event);
  });
});
