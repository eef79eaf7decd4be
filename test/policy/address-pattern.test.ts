import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, formatIpv6, parseIpAddress } from '../../src/model/ip-address.ts';
import { compileAddressPatterns, parseAddressPattern } from '../../src/policy/address-pattern.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

function covers(pattern: string, address: string): boolean {
  const parsed = parseAddressPattern(pattern);
  if ('message' in parsed) throw new Error(parsed.message);
  return compileAddressPatterns([parsed])(parseIpAddress(address)!);
}

describe('an address pattern', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.128/25', '192.0.2.128', true],
    ['192.0.2.7/32', '192.0.2.7', true],
    ['::1', '::1', true],
    ['0:0:0:0:0:0:0:1', '::1', true],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    // IPv4-mapped, on either side
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.1.2.3', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.1.2.3', '10.1.2.3', true],
    ['::/8', '::ffff:10.1.2.3', true],
    ['::/8', '10.1.2.3', false],
    // A wildcard is matched as written only
    ['0.0.0.0', '0.0.0.0', true],
    ['0.0.0.0/32', '0.0.0.0', true],
    ['0.0.0.0/8', '0.0.0.0', false],
    ['::', '::', true],
    ['::', '0.0.0.0', false],
    ['::/64', '::', false],
    ['::/64', '::1', true],
    ['0.0.0.0', '::', false],
  ])('%s on %s: %s', (pattern, address, expected) => {
    expect(covers(pattern, address)).toBe(expected);
  });

  it.each([
    ['localhost', 'not an IP address or a network'],
    ['10.0.0', 'not an IP address or a network'],
    ['010.0.0.1', 'not an IP address or a network'],
    ['10.0.0.1:80', 'not an IP address or a network'],
    ['[::1]', 'not an IP address or a network'],
    ['10.0.0.0/33', 'the length of the network must be a number from 1 to 32'],
    ['10.0.0.0/', 'the length of the network must be a number from 1 to 32'],
    ['10.0.0.0/08', 'the length of the network must be a number from 1 to 32'],
    ['10.0.0.0/255.0.0.0', 'the length of the network must be a number from 1 to 32'],
    ['fd00::/129', 'the length of the network must be a number from 1 to 128'],
    ['0.0.0.0/0', 'a network of length 0 holds every address'],
    ['10.1.2.3/8', 'the address has bits set beyond the length of the network'],
    ['fe80::1%eth0', 'an address pattern has no zone'],
  ])('%s is refused: %s', (pattern, message) => {
    expect(parseAddressPattern(pattern)).toMatchObject({ message });
  });

  it('names the network that was meant', () => {
    expect(parseAddressPattern('10.1.2.3/8')).toMatchObject({ hint: 'The network is 10.0.0.0/8; for one address leave out the length.' });
    expect(parseAddressPattern('fd00::1/8')).toMatchObject({ hint: 'The network is fd00::/8; for one address leave out the length.' });
  });

  it('covers an address just where the first bits are the same', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
    const bitsOf = (address: Uint8Array): string => [...address].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    const pair = fc.constantFrom(4, 16).chain((length) => fc.tuple(bytes(length), bytes(length), fc.integer({ min: 1, max: length * 8 }), fc.boolean()));
    fc.assert(
      fc.property(pair, ([base, other, prefix, near]) => {
        const format = base.length === 4 ? formatIpv4 : formatIpv6;
        const network = base.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
        const address = near ? other.map((byte, index) => (index * 8 + 8 <= prefix ? (network[index] ?? 0) : byte)) : other;
        fc.pre(address.some((byte) => byte !== 0) && !(network[10] === 255 && address[10] === 255));
        expect(covers(`${format(network)}/${prefix}`, format(address))).toBe(bitsOf(network).slice(0, prefix) === bitsOf(address).slice(0, prefix));
      }),
      options,
    );
  });

  it('takes any text or refuses it, without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('0123456789abf.:/%[] ')) }), (text) => {
        const parsed = parseAddressPattern(text);
        expect('message' in parsed || parsed.bytes.length > 0).toBe(true);
      }),
      options,
    );
  });
});
