import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SnapshotOrigin } from '../../src/model/registry-state.ts';
import { FACTS_TITLE } from '../../src/registry/facts-format.ts';
import { openSnapshot, sealSnapshot } from '../../src/registry/sealed-snapshot.ts';
import { readFacts } from '../../src/registry/read-facts.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
const FACTS = [FACTS_TITLE, '# snapshot 2026-02-13', '# a legend', '22\ttus\tA\tssh', '# end 1', ''].join('\n');
const ORIGIN: SnapshotOrigin = { url: 'https://x/f', etag: '"v\\"1"', lastModified: null, fetchedAt: '2026-03-01T00:00:00.000Z', checkedAt: '2026-03-02T00:00:00.000Z', csvSha256: 'ab', forcedOver: null };

describe('a sealed snapshot', () => {
  it('gives back the facts and where they come from', () => {
    const snapshot = openSnapshot(sealSnapshot(FACTS, ORIGIN), '/s/current.facts');
    expect(snapshot).toMatchObject({ facts: FACTS, origin: ORIGIN, registry: { source: '/s/current.facts', updated: '2026-02-13' } });
    expect(snapshot.registry.lookup(22, 'tcp').service).toBe('ssh');
  });

  it('is a facts file like any other', () => {
    expect(readFacts(sealSnapshot(FACTS, ORIGIN), 'x').lookup(22, 'udp').service).toBe('ssh');
  });

  it('gives back any origin as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string()), (url, etag) => {
        const origin = { ...ORIGIN, url, etag };
        expect(openSnapshot(Buffer.from(sealSnapshot(FACTS, origin)).toString(), 'x').origin).toEqual(origin);
      }),
      { seed: 1, numRuns },
    );
  });

  it('is refused when any byte of it is another, or missing', () => {
    const sealed = sealSnapshot(FACTS, ORIGIN);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('', '\n', '#', '0', ' '), (at, replacement) => {
        fc.pre(sealed[at] !== replacement);
        expect(() => openSnapshot(sealed.slice(0, at) + replacement + sealed.slice(at + 1), 'x')).toThrow(expect.objectContaining({ code: 'registry-invalid' }) as Error);
      }),
      { seed: 1, numRuns },
    );
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => openSnapshot(sealed.slice(0, length), 'x')).toThrow(expect.objectContaining({ code: 'registry-invalid' }) as Error);
    }
  });

  it('is refused where its origin has another form, though the seal is right', () => {
    for (const origin of [null, [], 5, { ...ORIGIN, url: 5 }, { ...ORIGIN, fetchedAt: undefined }, { ...ORIGIN, etag: {} }]) {
      expect(() => openSnapshot(sealSnapshot(FACTS, origin as SnapshotOrigin), 'x')).toThrow(expect.objectContaining({ code: 'registry-invalid', message: 'x:3: the line does not say where the snapshot comes from' }) as Error);
    }
  });
});
