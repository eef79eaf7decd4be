import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';
import { HEADER, registryCsv, writeCsv } from './registry-csv.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);

function faultOf(content: string | Buffer): { code: string; line: number | null | undefined; message: string; hint: string | null } {
  try {
    readRegistryCsv(Buffer.from(content), 'f.csv');
  } catch (error) {
    if (error instanceof PortreeveError) return { code: error.code, line: error.problems[0]?.position.line, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('read without an error');
}

describe('readRegistryCsv', () => {
  it('reads ports, ranges, transports and dates; rows without a port are only counted', () => {
    const csv = readRegistryCsv(
      registryCsv([
        { service: 'ssh', port: '22', transport: 'tcp', description: 'SSH,\n"secure"', modified: '2026-02-14' },
        { port: '48006-48048', description: 'Unassigned' },
        { service: 'only-a-name', registered: '2007-06' },
      ]),
      'f.csv',
    );
    expect(csv.rows).toEqual([
      { line: 2, first: 22, last: 22, transport: 'tcp', service: 'ssh', description: 'SSH,\n"secure"', registered: null, modified: '2026-02-14', notes: '', unauthorizedUse: '' },
      { line: 4, first: 48006, last: 48048, transport: null, service: null, description: 'Unassigned', registered: null, modified: null, notes: '', unauthorizedUse: '' },
    ]);
    expect(csv).toMatchObject({ portlessRows: 2, lastService: 'dated', updated: '2026-02-14' });
  });

  it('finds columns by title, in any order, among others', () => {
    const titles = ['Assignment Notes', 'Colour', 'Description', 'Port Number', 'Registration Date', 'Transport Protocol', 'Modification Date', 'Service Name'];
    const csv = readRegistryCsv(Buffer.from(writeCsv([titles, ['n', 'red', 'd', '7', '2001-01-01', 'udp', '', 'echo']])), 'f.csv');
    expect(csv.rows[0]).toMatchObject({ service: 'echo', first: 7, transport: 'udp', description: 'd', notes: 'n' });
  });

  it('does not need the columns that it does not use, nor their titles of today', () => {
    const old = HEADER.map((title) => (title === 'Unauthorized Use Reported' ? 'Known Unauthorized Uses' : title));
    expect(readRegistryCsv(Buffer.from(writeCsv([old, ['a', '1', 'tcp', '', '', '', '2018-02-12', '', '', '', '', '']])), 'f.csv').updated).toBe('2018-02-12');
  });

  it('leaves out dates that are none, and takes the newest whole day for the date of the file', () => {
    const csv = readRegistryCsv(registryCsv([{ port: '1', registered: '2030-13-01', modified: '2027-01' }]), 'f.csv');
    expect(csv.rows[0]).toMatchObject({ registered: null, modified: '2027-01' });
    expect(csv.updated).toBe('2026-02-13');
  });

  const header = writeCsv([HEADER]);
  const row = (port: string, transport = 'tcp', service = 'x'): string => `${header}a,1,tcp,,,,2001-01-01,,,,,\n${service},${port},${transport},,,,,,,,,\n`;
  it.each([
    ['an empty file', '', null, 'the file is empty'],
    ['a blank file', '  \n\n', null, 'the file is empty'],
    ['a binary file', `${header}\0\n`, null, 'NUL bytes'],
    ['a file in Latin-1', Buffer.from([...Buffer.from(header), 0xe9, 0x0a]), null, 'not UTF-8'],
    ['a web page', '\n <!DOCTYPE html><html></html>\n', 1, 'web page'],
    ['an XML copy of the registry', '<?xml version="1.0"?>\n<registry/>\n', 1, 'web page'],
    ['another CSV', 'port,service\n22,ssh\n', 1, 'no column "Service Name", "Port Number"'],
    ['a missing column', header.replace('Port Number', 'Port No'), 1, 'no column "Port Number"'],
    ['a column there twice', header.replace('Contact', 'Description'), 1, 'two columns are called "Description"'],
    ['a last row cut between columns', `${header}a,1,tcp,,,,2001-01-01,,,,,\nb,2,tcp,\n`, 3, '4 columns where the header has 12'],
    ['a last row cut inside a quoted cell', `${header}a,1,tcp,"cut`, 2, 'never ends'],
    ['a last row cut inside a cell', `${header}a,1,tcp,,,,2001-01-01,,,,,cut`, 2, 'does not end in a line break'],
    ['a port above 65535', row('70000'), 3, '"70000" is not a port'],
    ['a range that runs backwards', row('5-3'), 3, '"5-3" is not a port'],
    ['a port that is no number', row('abc'), 3, '"abc" is not a port'],
    ['a negative port', row('-5'), 3, '"-5" is not a port'],
    ['an open range', row('5-'), 3, '"5-" is not a port'],
    ['a hexadecimal port', row('0x16'), 3, '"0x16" is not a port'],
    ['an unknown transport', row('5', 'quic'), 3, '"quic" is not a transport'],
    ['a service name with a terminal escape', row('5', 'tcp', 'x\u001b[31m'), 3, '"x\\u001b[31m" is not a service name'],
    ['a service name that a spreadsheet would run', row('5', 'tcp', '=1+1'), 3, '"=1+1" is not a service name'],
    ['only the header', header, null, 'no row has a date'],
  ])('refuses %s', (_, content, line, message) => {
    expect(faultOf(content)).toMatchObject({ code: 'registry-invalid', line, message: expect.stringContaining(message) as string });
    expect(faultOf(content).hint).toContain('https://www.iana.org/');
  });

  it('stops at more rows than any registry has', () => {
    expect(faultOf(header + 'a,1,tcp,,,,2001-01-01,,,,,\n'.repeat(50_001))).toMatchObject({ code: 'registry-invalid', line: 50_002 });
  });

  it('keeps names like those of Object.prototype as they are', () => {
    const csv = readRegistryCsv(registryCsv([{ service: 'constructor', port: '5' }]), 'f.csv');
    expect(csv.rows[0]?.service).toBe('constructor');
    expect(faultOf(row('5', '__proto__')).code).toBe('registry-invalid');
  });

  it('reads any bytes or refuses them as registry-invalid', () => {
    const cell = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('1', '5-9', '65535', 'tcp', 'Reserved', '2001-01-01'));
    const nearly = fc.array(fc.array(cell, { minLength: 12, maxLength: 12 })).map((rows) => Buffer.from(header + writeCsv(rows)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array().map((bytes) => Buffer.from(bytes)), nearly), (bytes) => {
        try {
          expect(readRegistryCsv(bytes, 'f.csv').updated).toMatch(/^\d{4}-\d{2}-\d{2}$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'registry-invalid' });
        }
      }),
      { seed: 1, numRuns },
    );
  });
});
