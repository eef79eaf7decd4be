import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { readQuestion } from '../../src/pass/explain-question.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';

const registry = loadEmbeddedRegistry();

function refusal(text: string): { code: string; message: string; hint: string | null } {
  try {
    readQuestion(text, registry);
  } catch (error) {
    if (error instanceof PortreeveError) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('readQuestion', () => {
  it('takes a port, on every transport or on one', () => {
    expect(readQuestion('1302', registry)).toEqual({ kind: 'port', port: 1302, transports: TRANSPORTS, name: null });
    expect(readQuestion(' 1302/TCP ', registry)).toEqual({ kind: 'port', port: 1302, transports: ['tcp'], name: null });
    expect(readQuestion('0', registry)).toMatchObject({ port: 0 });
    expect(readQuestion('65535/dccp', registry)).toMatchObject({ port: 65_535, transports: ['dccp'] });
  });

  it('takes a range; one of a single port is that port', () => {
    expect(readQuestion('8000-8100', registry)).toEqual({ kind: 'range', from: 8000, to: 8100, transports: TRANSPORTS });
    expect(readQuestion('8000-8100/udp', registry)).toMatchObject({ from: 8000, to: 8100, transports: ['udp'] });
    expect(readQuestion('80-80', registry)).toMatchObject({ kind: 'port', port: 80 });
  });

  it('finds a name that one port carries, whatever its case, as which of its names', () => {
    expect(readQuestion('postgresql', registry)).toEqual({ kind: 'port', port: 5432, transports: ['tcp', 'udp'], name: { asked: 'postgresql', as: 'service' } });
    expect(readQuestion('PostgreSQL/tcp', registry)).toMatchObject({ port: 5432, transports: ['tcp'] });
    expect(readQuestion('www', registry)).toMatchObject({ port: 80, name: { as: 'alias' } });
    expect(readQuestion('ci3-software-2', registry)).toMatchObject({ port: 1302, name: { as: 'former' } });
    expect(readQuestion('3com-tsmux', registry)).toMatchObject({ kind: 'port', port: 106 });
  });

  it('finds every port that carries a name', () => {
    const question = readQuestion('http-alt', registry);
    expect(question.kind === 'service' && [...new Set(question.matches.map(({ port }) => port))]).toEqual([591, 8008, 8080]);
  });

  it.each([
    ['postgesql', 'did you mean postgresql (5432)?'],
    ['htpt-alt', 'did you mean http-alt (591, 8008, 8080)?'],
    ['postgre', 'did you mean postgresql (5432)?'],
    ['Dock', 'did you mean docker (2375) or docker-s (2376)?'],
    ['mysq', 'did you mean mysql (3306), mysqlx (33060) or mysql-im (2273)?'],
    ['ntps', 'did you mean ntp (123)?'],
    ['postgresql/dccp', 'it is for 5432/tcp, 5432/udp'],
    ['22/tpc', 'did you mean 22/tcp?'],
    ['tcp/80', 'did you mean 80/tcp?'],
    [':80', 'did you mean 80?'],
    ['8100-8000', 'did you mean 8000-8100?'],
    ['70000', 'ports go from 0 to 65535'],
    ['80-70000', 'ports go from 0 to 65535'],
    ['22/quic', 'one of tcp, udp, sctp, dccp'],
  ])('refuses %s and says what was meant', (text, hint) => {
    expect(refusal(text)).toMatchObject({ code: 'usage', hint });
  });

  it.each(['', ' ', '-', '/', '80-', '1.5', '!!!', 'zzzzqqqqxxxxwwww', 'x'.repeat(100_000), '22/', '٢٢', '\u001b[31m'])('refuses %j with the forms that it takes', (text) => {
    const { code, message, hint } = refusal(text);
    expect(code).toBe('usage');
    expect(hint).toMatch(/^write a port|^one of tcp/);
    expect(message.length).toBeLessThan(300);
    expect(message).not.toMatch(/[\x00-\x1f\x7f]/);
  });

  it('gives an answer or a refusal for any text, soon', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-z/-]{0,12}$/)), (text) => {
        try {
          expect(readQuestion(text, registry)).toHaveProperty('kind');
        } catch (error) {
          expect(error).toBeInstanceOf(PortreeveError);
          expect((error as PortreeveError).code).toBe('usage');
        }
      }),
      { seed: 1, numRuns: Math.min(Number(process.env['FUZZ_RUNS'] ?? 40), 300) },
    );
  });
});
