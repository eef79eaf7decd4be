import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_KINDS } from '../../../src/model/event.ts';
import { describeEntry } from '../../../src/sinks/journal/describe-entry.ts';
import { encodeEntry } from '../../../src/sinks/journal/encode-entry.ts';
import { MESSAGE_IDS } from '../../../src/sinks/journal/message-ids.ts';
import { aListener, anOwner } from '../../fixtures/audit-report.ts';
import { anEvent } from '../fakes.ts';

const CATALOG = new URL('../../../systemd/portreeve.catalog', import.meta.url);

/** Reads an entry as the journal does. */
function decode(bytes: Buffer): readonly (readonly [string, string])[] {
  const fields: [string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', at);
    const line = bytes.toString('utf8', at, end);
    if (line.includes('=')) {
      fields.push([line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
      at = end + 1;
    } else {
      const length = Number(bytes.readBigUInt64LE(end + 1));
      fields.push([line, bytes.toString('utf8', end + 9, end + 9 + length)]);
      expect(bytes[end + 9 + length]).toBe(0x0a);
      at = end + 10 + length;
    }
  }
  return fields;
}

describe('a journal entry', () => {
  it('has a field for all that one matches by, and one per rule and owner', () => {
    const owners = [anOwner({ exe: '/opt/licd/bin/licd', unit: 'licd.service' }), anOwner({ pid: 2, exe: '/bin/other' })];
    const event = anEvent({ detail: { livedMs: 3, exception: null }, listener: { ...anEvent().listener!, owners } });
    const fields = describeEntry({ event, possibleDuplicate: true });
    const values = (name: string): readonly string[] => fields.filter(([each]) => each === name).map(([, value]) => value);
    expect(values('MESSAGE_ID')).toEqual([MESSAGE_IDS.opened]);
    expect(values('PRIORITY')).toEqual(['3']);
    expect(values('SYSLOG_IDENTIFIER')).toEqual(['portreeve']);
    expect(values('PORTREEVE_STATUS')).toEqual(['de-assigned']);
    expect(values('PORTREEVE_PORT')).toEqual(['1302']);
    expect(values('PORTREEVE_RULE')).toEqual(['de-assigned-exposed', 'unpackaged-executable']);
    expect(values('PORTREEVE_EXE')).toEqual(['/opt/licd/bin/licd', '/bin/other']);
    expect(values('PORTREEVE_NETNS')).toEqual(['host']);
    expect(values('PORTREEVE_DETAIL_LIVED_MS')).toEqual(['3']);
    expect(values('PORTREEVE_POSSIBLE_DUPLICATE')).toEqual(['true']);
    expect(values('PORTREEVE_DETAIL_EXCEPTION')).toEqual([]);
  });

  it('has the true text in a field, and harmless text in the message', () => {
    const listener = aListener({ owners: [anOwner({ exe: '/tmp/a\nPORTREEVE_STATUS=assigned' })] });
    const fields = describeEntry({ event: anEvent({ listener, message: 'one\nPRIORITY=7' }), possibleDuplicate: false });
    expect(Object.fromEntries(fields)).toMatchObject({ MESSAGE: 'one\\nPRIORITY=7', PORTREEVE_EXE: '/tmp/a\nPORTREEVE_STATUS=assigned', PORTREEVE_STATUS: 'assigned' });
    expect(decode(Buffer.from(encodeEntry(fields))).filter(([name]) => name === 'PORTREEVE_STATUS')).toEqual([['PORTREEVE_STATUS', 'assigned']]);
  });

  it('is read back as it was, whatever a process called itself', () => {
    const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'binary' }))), (fields) => {
        expect(decode(Buffer.from(encodeEntry(fields)))).toEqual(fields);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });

  it('has field names that the journal takes', () => {
    const event = anEvent({ detail: { ['a'.repeat(100)]: 1, 'b c=d\n': 2 } });
    for (const [field] of describeEntry({ event, possibleDuplicate: false })) expect(field).toMatch(/^[A-Z][A-Z0-9_]{0,63}$/);
  });
});

describe('the message ids', () => {
  it('are distinct, and explained in the catalog', () => {
    const ids = Object.values(MESSAGE_IDS);
    expect(new Set(ids).size).toBe(EVENT_KINDS.length);
    const explained = [...readFileSync(CATALOG, 'utf8').matchAll(/^-- ([0-9a-f]{32})$/gm)].map(([, id]) => id);
    expect(explained.sort()).toEqual([...ids].sort());
  });
});
