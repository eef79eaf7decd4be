import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, type LogLevel } from '../../src/model/config.ts';
import { createLogger } from '../../src/service/logger.ts';

const HOSTILE = 'x\n<0>forged\u001b[2J\u202eexe "q" \\ =';

async function open(form: 'journal' | 'json', level: () => LogLevel = () => 'debug', takes: boolean[] = []) {
  const lines: string[] = [];
  const write = (line: string): boolean => {
    if (takes.shift() === false) return false;
    lines.push(line);
    return true;
  };
  const logger = await createLogger({ level, form, clock: { now: () => new Date('2026-11-22T10:00:00Z'), steady: () => 0 }, write });
  return { logger, lines };
}

describe('the log in the journal', () => {
  it('gives each line its priority', async () => {
    const { logger, lines } = await open('journal');
    logger.debug('looked');
    logger.info('started', { listeners: 23, complete: true, config: null });
    logger.warning('slow', { file: '/etc/a b', empty: '' });
    logger.error('failed', { equation: 'a=b' });
    expect(lines).toEqual(['<7>looked\n', '<6>started listeners=23 complete=true config=null\n', '<4>slow file="/etc/a b" empty=""\n', '<3>failed equation="a=b"\n']);
  });

  it('lets no value break out of its line or pass for another', async () => {
    const { logger, lines } = await open('journal');
    logger.info('seen', { name: HOSTILE });
    expect(lines).toEqual(['<6>seen name="x\\\\n<0>forged\\\\x1b[2J\\\\u202eexe \\"q\\" \\\\ ="\n']);
  });

  it('cuts a value that is no longer to be read', async () => {
    const { logger, lines } = await open('journal');
    logger.info('seen', { name: 'é'.repeat(100_000) });
    expect(lines).toEqual([`<6>seen name=${'é'.repeat(1000)}\n`]);
  });
});

describe('the log elsewhere', () => {
  it('is an object each line, with what varies in fields', async () => {
    const { logger, lines } = await open('json');
    logger.warning('slow', { file: HOSTILE, count: 2 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'warning',
      time: '2026-11-22T10:00:00.000Z',
      pid: process.pid,
      hostname: expect.any(String) as string,
      file: 'x\\n<0>forged\\x1b[2J\\u202eexe "q" \\ =',
      count: 2,
      msg: 'slow',
    });
  });
});

describe.each(['journal', 'json'] as const)('the log (%s)', (form) => {
  it('leaves out what is below its level, as it is at that moment', async () => {
    let level: LogLevel = 'warning';
    const { logger, lines } = await open(form, () => level);
    for (const at of LOG_LEVELS) logger[at]('one');
    expect(lines).toHaveLength(2);
    level = 'debug';
    for (const at of LOG_LEVELS) logger[at]('two');
    expect(lines).toHaveLength(6);
  });

  it('tells how many lines were lost, once it can', async () => {
    const { logger, lines } = await open(form, () => 'info', [true, false, false, true, false, true, true]);
    for (const message of ['a', 'b', 'c', 'd', 'e']) logger.info(message);
    // The first report is itself lost, and counted.
    expect(lines.map((line) => /(?:>|"msg":")([a-e]|log lines)/.exec(line)?.[1])).toEqual(['a', 'd', 'e', 'log lines']);
    expect(lines[3]).toMatch(/"?count"?[=:]3/);
  });

  it('is one line whatever it is given', async () => {
    const { logger, lines } = await open(form);
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), value), (message, fields) => {
        lines.length = 0;
        logger.info(message, fields);
        expect(lines).toHaveLength(1);
        expect(lines[0]!.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(lines[0]!.endsWith('\n')).toBe(true);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});
