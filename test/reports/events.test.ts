import { describe, expect, it } from 'vitest';
import { renderAuditAge } from '../../src/reports/audit-age.ts';
import { renderEvent, renderEventJson } from '../../src/reports/events.ts';
import { aReport } from '../fixtures/audit-report.ts';
import { anEvent } from '../fixtures/daemon.ts';

const PLAIN = { columns: 80, colour: false, ascii: true };

describe('renderEvent', () => {
  it('is one line: when, how bad, what, and the message whole', () => {
    expect(renderEvent(anEvent(), PLAIN)).toBe(
      '2026-11-22T04:53:57Z  error     opened     tcp *:1302 opened by nc[4711] (/usr/bin/nc.openbsd, user root): Listener on a de-assigned port, reachable from other hosts\n',
    );
  });

  it('lines up whatever the severity and kind', () => {
    const columnsOf = (line: string) => line.indexOf('tcp *:1302');
    expect(columnsOf(renderEvent(anEvent({ severity: 'critical', kind: 'transient' }), PLAIN))).toBe(columnsOf(renderEvent(anEvent({ severity: 'info', kind: 'closed' }), PLAIN)));
  });

  it('colours an alert by its severity, and lets a record stand back', () => {
    expect(renderEvent(anEvent({ message: 'm' }), { ...PLAIN, colour: true })).toBe('\x1b[31m2026-11-22T04:53:57Z  error     opened     \x1b[0mm\n');
    expect(renderEvent(anEvent({ message: 'm', kind: 'closed', audience: 'record', severity: 'info' }), { ...PLAIN, colour: true })).toBe('\x1b[2m2026-11-22T04:53:57Z  info      closed     m\x1b[0m\n');
  });

  it('is harmless whatever the message says, and does not escape twice what was cleaned', () => {
    const line = renderEvent(anEvent({ message: 'nc\\x1b[31m \x1b[2J\n22/tcp all is well \u202e' }), PLAIN);
    expect(line).toBe('2026-11-22T04:53:57Z  error     opened     nc\\x1b[31m \\x1b[2J\\n22/tcp all is well \\u202e\n');
    expect(renderEvent(anEvent({ message: 'x'.repeat(100_000) }), PLAIN).length).toBeLessThan(1100);
  });
});

describe('renderEventJson', () => {
  it('is the event on one line of ASCII', () => {
    const event = anEvent({ message: '\x9b\u2028日\n' });
    const line = renderEventJson(event);
    expect(line).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(line)).toEqual(event);
  });
});

describe('renderAuditAge', () => {
  it('says whose report it is and how old', () => {
    expect(renderAuditAge({ report: aReport([]), ageMs: 12_400 })).toBe("portreeve: the daemon's audit of 2026-11-22T04:53:57Z, 12 seconds old; portreeve audit --now makes a new one\n");
  });
});
