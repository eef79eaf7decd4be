import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindScope, formatIpv4, formatIpv6, parseIpAddress } from '../../src/model/ip-address.ts';

const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };
const quad = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Random bytes hold hardly any zero group, and those are what the format is about. */
const groups = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((values) => Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff])));

function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

/** The platform's own canonical text (WHATWG URL; it has no dotted quads). */
function urlText(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

describe('formatIpv4', () => {
  it('writes a dotted quad', () => {
    expect(formatIpv4(Uint8Array.of(192, 0, 2, 255))).toBe('192.0.2.255');
    expect(formatIpv4(Uint8Array.of(0, 0, 0, 0))).toBe('0.0.0.0');
  });

  it('refuses another number of bytes', () => {
    expect(() => formatIpv4(new Uint8Array(16))).toThrow(RangeError);
  });
});

describe('formatIpv6', () => {
  it.each([
    ['::', bytesOf(0, 0, 0, 0, 0, 0, 0, 0)],
    ['::1', bytesOf(0, 0, 0, 0, 0, 0, 0, 1)],
    ['1::', bytesOf(1, 0, 0, 0, 0, 0, 0, 0)],
    ['2001:db8::ff00:42:8329', bytesOf(0x2001, 0xdb8, 0, 0, 0, 0xff00, 0x42, 0x8329)],
    ['::ffff:192.0.2.1', bytesOf(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201)],
    ['::ffff:0.0.0.0', bytesOf(0, 0, 0, 0, 0, 0xffff, 0, 0)],
    ['::102:304', bytesOf(0, 0, 0, 0, 0, 0, 0x0102, 0x0304)],
  ])('writes %s', (text, bytes) => {
    expect(formatIpv6(bytes)).toBe(text);
  });

  it('shortens the longest run of zero groups, the first of equals, never a single one (RFC 5952, section 4.2)', () => {
    expect(formatIpv6(bytesOf(0x2001, 0, 0, 1, 0, 0, 0, 1))).toBe('2001:0:0:1::1');
    expect(formatIpv6(bytesOf(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1))).toBe('2001:db8::1:0:0:1');
    expect(formatIpv6(bytesOf(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1))).toBe('2001:db8:0:1:1:1:1:1');
  });

  it('refuses another number of bytes', () => {
    expect(() => formatIpv6(new Uint8Array(4))).toThrow(RangeError);
  });

  it('writes what the platform calls canonical', () => {
    fc.assert(
      fc.property(groups, (bytes) => {
        expect(urlText(formatIpv6(bytes))).toBe(urlText(Buffer.from(bytes).toString('hex').replace(/(....)(?=.)/g, '$1:')));
        if (!formatIpv6(bytes).includes('.')) expect(formatIpv6(bytes)).toBe(urlText(formatIpv6(bytes)));
      }),
      RUNS,
    );
  });
});

describe('parseIpAddress', () => {
  it.each([
    ['0.0.0.0', 'ipv4', [0, 0, 0, 0]],
    ['255.10.1.0', 'ipv4', [255, 10, 1, 0]],
    ['::', 'ipv6', [...bytesOf(0, 0, 0, 0, 0, 0, 0, 0)]],
    ['FE80::A', 'ipv6', [...bytesOf(0xfe80, 0, 0, 0, 0, 0, 0, 0xa)]],
    ['1:2:3:4:5:6:7::', 'ipv6', [...bytesOf(1, 2, 3, 4, 5, 6, 7, 0)]],
    ['::2:3:4:5:6:7:8', 'ipv6', [...bytesOf(0, 2, 3, 4, 5, 6, 7, 8)]],
    ['0001:0:0:0:0:0:0:0', 'ipv6', [...bytesOf(1, 0, 0, 0, 0, 0, 0, 0)]],
    ['::ffff:10.0.0.1', 'ipv6', [...bytesOf(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1)]],
    ['64:ff9b::192.0.2.33', 'ipv6', [...bytesOf(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0221)]],
  ])('reads %s', (text, family, bytes) => {
    const parsed = parseIpAddress(text);
    expect(parsed?.family).toBe(family);
    expect([...(parsed?.bytes ?? [])]).toEqual(bytes);
  });

  it.each([
    '', '*', ':', ':::', '1', '1.2.3', '1.2.3.4.', '.1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.0x4', ' 1.2.3.4', '1.2.3.4\n',
    '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1::2::3', '1:', ':1', '1:2:3:4:5:6:7:', '12345::', '::g',
    '[::1]', '::1%lo', 'fe80::1%1', '::1.2.3', '::1.2.3.4:5', '1:2:3:4:5:6:7:1.2.3.4', '1.2.3.4::', '١.2.3.4', '::1.2.3.04', '0'.repeat(1000),
  ])('refuses %j', (text) => {
    expect(parseIpAddress(text)).toBeNull();
  });

  it('takes back what the formatters write', () => {
    fc.assert(
      fc.property(quad, groups, (four, sixteen) => {
        expect(parseIpAddress(formatIpv4(four))).toEqual({ family: 'ipv4', bytes: four });
        expect(parseIpAddress(formatIpv6(sixteen))).toEqual({ family: 'ipv6', bytes: sixteen });
      }),
      RUNS,
    );
  });

  it('agrees with the platform on what an address is', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', '1', '2', '5', ':', '.', 'a', 'f', '::'), maxLength: 46 }),
      fc.ipV4(),
      fc.ipV6(),
      fc.tuple(fc.ipV6(), fc.constantFrom(':', '.', '0', '::')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(!value.includes('%'));
        const parsed = parseIpAddress(value);
        expect(parsed === null ? 0 : parsed.family === 'ipv4' ? 4 : 6).toBe(isIP(value));
      }),
      { ...RUNS, numRuns: RUNS.numRuns * 5 },
    );
  });
});

describe('bindScope', () => {
  it.each([
    ['wildcard', ['0.0.0.0', '::', '::ffff:0.0.0.0', '0:0:0:0:0:0:0:0']],
    ['loopback', ['127.0.0.1', '127.0.0.53', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1']],
    ['link-local', ['169.254.0.1', '169.254.169.254', 'fe80::1', 'febf::1', '255.255.255.255']],
    [
      'private',
      ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '100.127.255.255', 'fc00::1', 'fdff::1', '::ffff:10.1.2.3'],
    ],
    ['multicast', ['224.0.0.251', '239.255.255.255', 'ff02::fb', 'ff0e::1', '::ffff:224.0.0.1']],
    [
      'public',
      [
        '8.8.8.8', '0.0.0.1', '9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '100.63.255.255',
        '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.0.1', '223.255.255.255', '240.0.0.0', '255.255.255.254',
        '2001:db8::1', '::2', '::102:304', 'fe7f::1', 'fec0::1', 'fbff::1', 'fe00::1', '::fffe:127.0.0.1', '::1:ffff:7f00:1',
      ],
    ],
  ] as const)('%s', (scope, addresses) => {
    expect(addresses.map((address) => [address, bindScope(address)])).toEqual(addresses.map((address) => [address, scope]));
  });

  it('never makes what it cannot read look less exposed', () => {
    expect(bindScope('')).toBe('public');
    expect(bindScope('127.0.0.1/8')).toBe('public');
  });

  it('sees an IPv4-mapped address as the IPv4 address in it', () => {
    fc.assert(
      fc.property(quad, (bytes) => {
        expect(bindScope(`::ffff:${formatIpv4(bytes)}`)).toBe(bindScope(formatIpv4(bytes)));
      }),
      RUNS,
    );
  });
});
