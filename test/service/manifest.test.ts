import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, formatManifest, parseManifest } from '../../src/service/manifest.ts';

describe('the record of what was installed', () => {
  it('reads back as it was written', () => {
    const files = new Map([['/etc/b', digestOf('b')], ['/etc/a', digestOf('a')], ['__proto__', digestOf('c')]]);
    expect([...parseManifest(formatManifest(files))].sort()).toEqual([...files].sort());
  });

  it('has the digest that sha256sum prints', () => {
    expect(digestOf('abc\n')).toBe('edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb');
  });

  it.each(['', '[]', 'null', '{}', '{"schema":"portreeve/installed/v2","files":{"/a":"x"}}', '{"schema":"portreeve/installed/v1","files":[]}', '{"schema":"portreeve/installed/v1","files":{"/a":"short","/b":7}}'])(
    'vouches for nothing where it is %j',
    (text) => {
      expect(parseManifest(text)).toEqual(new Map());
    },
  );

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseManifest(text)).toBeInstanceOf(Map);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});
