import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../../src/model/event.ts';
import { formatMessage, lengthLimit, type FormatOptions } from '../../../src/sinks/syslog/format-message.ts';
import { aListener, anOwner, aFinding } from '../../fixtures/audit-report.ts';
import { anEvent, aSyslogSink } from '../fakes.ts';
import { parseRfc5424 } from './parse-rfc5424.ts';

const PID = 4242;

function format(event: PortreeveEvent, options: Partial<FormatOptions> = {}, possibleDuplicate = false): string {
  return formatMessage({ event, possibleDuplicate }, aSyslogSink(options), PID);
}

describe('a message of RFC 5424', () => {
  it('has the header, the fields as structured data, and the sentence', () => {
    expect(format(anEvent({ listener: null, alert: null, message: 'portreeve started', kind: 'agent', severity: 'info' }), { facility: 'local3' })).toBe(
      '<158>1 2026-11-22T04:53:57.123Z web1.example portreeve 4242 agent [portreeve@32473 eventId="01KAMZ00000000000000000007" sequence="7" kind="agent" severity="info"] portreeve started',
    );
  });

  it('carries every field an analyst filters by', () => {
    const { params, message, msgId } = parseRfc5424(Buffer.from(format(anEvent(), {}, true)));
    expect(msgId).toBe('opened');
    expect(params).toMatchObject({
      eventId: '01KAMZ00000000000000000007',
      possibleDuplicate: 'true',
      rule: 'de-assigned-exposed',
      rules: 'de-assigned-exposed,unpackaged-executable',
      port: '1302',
      protocol: 'tcp',
      address: '0.0.0.0',
      owner: 'licd',
      exe: '/opt/licd/bin/licd',
      user: 'licd',
      unit: 'licd.service',
      status: 'de-assigned',
      former: 'ci3-software-2',
      alert: 'a1b2c3',
      commandLine: '/opt/licd/bin/licd -p 1302',
    });
    expect(params).not.toHaveProperty('truncated');
    expect(message).toBe(anEvent().message);
  });

  it('tells who is not known to own a listener', () => {
    const listener = aListener({ owners: [], ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'not permitted' }, socketUser: 'avahi' });
    expect(parseRfc5424(Buffer.from(format(anEvent({ listener })))).params).toMatchObject({ owner: 'unknown', user: 'avahi', ownerNote: 'not permitted' });
  });

  it('gives back any text that a process chose, cleaned, through the escapes of the RFC', () => {
    const listener = aListener({ owners: [anOwner({ exe: '/tmp/"]\\ \n[x@1 port="22"] 💥', name: 'a\u009bb' })] });
    const line = format(anEvent({ listener, message: 'two\nlines' }));
    expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(parseRfc5424(Buffer.from(line)).params).toMatchObject({ exe: '/tmp/"]\\ \\n[x@1 port="22"] 💥', owner: 'a\\x9bb' });
  });

  it('starts the message with a BOM where it is not ASCII, and only there', () => {
    expect(format(anEvent({ message: 'Grüße' }))).toContain('] \ufeffGrüße');
    expect(format(anEvent({ message: 'plain' }))).not.toContain('\ufeff');
  });

  it('gives details a name of their own', () => {
    const { params } = parseRfc5424(Buffer.from(format(anEvent({ detail: { livedMs: 3, port: 'x', ['__proto__']: 'y', ['a'.repeat(60)]: true } }))));
    expect(params).toMatchObject({ port: '1302', detailLivedMs: '3', detailPort: 'x', detailProto: 'y', [`detailA${'a'.repeat(25)}`]: 'true' });
  });

  it('has no host name that would end the field', () => {
    expect(format(anEvent({ host: 'two words\n' }))).toContain(' two?words? portreeve ');
    expect(format(anEvent({ host: '' }))).toContain('Z - portreeve ');
  });
});

describe('a message that is too long', () => {
  const long = 'ü€💥]"\\'.repeat(12_000);
  const huge = anEvent({
    message: long,
    listener: aListener({ port: 1302, findings: [aFinding()], owners: [anOwner({ exe: `/opt/${long}/licd`, commandLine: [long], unit: `x${long}.service`, user: 'licd' })] }),
  });

  it('is cut to the limit and says so; rule, port and owner stay', () => {
    const bytes = Buffer.from(format(huge, { transport: 'udp' }));
    expect(bytes.length).toBeLessThanOrEqual(2048);
    const { params, message } = parseRfc5424(bytes);
    expect(params).toMatchObject({ rule: 'de-assigned-exposed', port: '1302', user: 'licd', truncated: 'message,exe,unit,commandLine' });
    expect(params['exe']).toMatch(/\/licd$/);
    expect(Buffer.byteLength(message)).toBeGreaterThan(400);
  });

  it('keeps the fields whole where only the sentence is long', () => {
    const { params } = parseRfc5424(Buffer.from(format(anEvent({ message: long }), { transport: 'udp' })));
    expect(params).toMatchObject({ exe: '/opt/licd/bin/licd', status: 'de-assigned', truncated: 'message' });
  });

  it('leaves out the least important first', () => {
    const listener = aListener({ port: 1302, findings: [aFinding()], owners: [anOwner({ commandLine: ['x'.repeat(3000)] })] });
    expect(parseRfc5424(Buffer.from(format(anEvent({ listener }), { transport: 'udp' }))).params['truncated']).toBe('commandLine');
  });

  it('is whole UTF-8, parseable and within any limit, whatever it holds', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(
        fc.record({ message: text, exe: text, user: text, name: text, rule: text, host: text }),
        fc.integer({ min: 0, max: 2500 }),
        fc.constantFrom('portreeve' as const, 'ecs' as const, 'ocsf' as const),
        fc.constantFrom('rfc5424' as const, 'rfc3164' as const),
        ({ message, exe, user, name, rule, host }, maxLength, dialect, form) => {
          const listener = aListener({ port: 1302, owners: [anOwner({ exe, user, name })], findings: [aFinding({ rule })] });
          const options = { maxLength, dialect, format: form };
          const bytes = Buffer.from(formatMessage({ event: anEvent({ message, host, listener }), possibleDuplicate: false }, aSyslogSink(options), PID));
          expect(bytes.length).toBeLessThanOrEqual(lengthLimit(aSyslogSink(options)));
          const whole = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
          expect(whole).not.toMatch(/[\x00-\x1f\x7f]/);
          if (form === 'rfc5424') expect(parseRfc5424(bytes).params).toMatchObject({ port: '1302', protocol: 'tcp' });
        },
      ),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });

  it('has the limit of its transport where none is set', () => {
    expect(lengthLimit(aSyslogSink({ transport: 'udp' }))).toBe(2048);
    expect(lengthLimit(aSyslogSink({ transport: 'udp', format: 'rfc3164' }))).toBe(1024);
    expect(lengthLimit(aSyslogSink({ transport: 'tls' }))).toBe(8192);
    expect(lengthLimit(aSyslogSink({ maxLength: 100 }))).toBe(480);
  });
});

describe('other forms', () => {
  it('are RFC 3164 with the fields behind the text, the host without its domain', () => {
    const event = anEvent({ listener: null, alert: null, message: 'portreeve started', kind: 'agent', severity: 'critical' });
    const date = new Date(event.time);
    const time = `Nov ${String(date.getDate()).padStart(2)} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')}`;
    const tail = `portreeve[4242]: portreeve started [portreeve@32473 eventId="01KAMZ00000000000000000007" sequence="7" kind="agent" severity="critical"]`;
    expect(format(event, { format: 'rfc3164' })).toBe(`<26>${time} web1 ${tail}`);
    expect(format(event, { format: 'rfc3164', transport: 'local' })).toBe(`<26>${time} ${tail}`);
  });

  it('are JSON of another dialect as the message, whole or shortened, and the sentence where neither fits', () => {
    const whole = parseRfc5424(Buffer.from(format(anEvent(), { dialect: 'ecs' })));
    expect(JSON.parse(whole.message)).toMatchObject({ 'server': { port: 1302 }, '@timestamp': '2026-11-22T04:53:57.123Z' });
    const advice = aFinding({ advice: 'x'.repeat(9000) });
    const shortened = parseRfc5424(Buffer.from(format(anEvent({ listener: aListener({ port: 1302, findings: [advice] }) }), { dialect: 'ocsf' })));
    expect(JSON.parse(shortened.message)).toMatchObject({ class_uid: 2004 });
    expect(shortened.params['truncated']).toBe('message');
    const small = parseRfc5424(Buffer.from(format(anEvent(), { dialect: 'ecs', maxLength: 900 })));
    expect(small.message).toBe(anEvent().message.slice(0, small.message.length));
    expect(small.params['truncated']).toContain('message');
  });
});
