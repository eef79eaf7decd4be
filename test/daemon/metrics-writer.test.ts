import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetricsWriter } from '../../src/daemon/metrics-writer.ts';
import { fakeLogger } from '../sinks/fakes.ts';

let folder: string;
let now = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-metrics-'));
  now = 1000;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (textfile: string | null, logger = fakeLogger()) => {
  let written = 0;
  const writer = createMetricsWriter({ config: () => ({ textfile, interval: 15_000 }), render: () => `metrics ${(written += 1)}\n`, clock: { now: () => new Date(0), steady: () => now }, logger });
  return { writer, logger };
};
const settle = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the metrics', () => {
  it('are written at once, then at each interval, and one at a time', async () => {
    const file = join(folder, 'portreeve.prom');
    const { writer } = open(file);
    expect(writer.nextDue()).toBe(1000);
    writer.start();
    expect(writer.nextDue()).toBeNull();
    writer.start();
    await settle(() => writer.nextDue() !== null);
    expect([writer.nextDue(), readFileSync(file, 'utf8')]).toEqual([16_000, 'metrics 1\n']);
    writer.start();
    expect(writer.nextDue()).toBe(16_000);
    now = 16_000;
    writer.start();
    await settle(() => writer.nextDue() !== null);
    expect([writer.nextDue(), readFileSync(file, 'utf8')]).toEqual([31_000, 'metrics 2\n']);
  });

  it('that cannot be written are complained of once', async () => {
    const { writer, logger } = open(join(folder, 'missing', 'portreeve.prom'));
    for (; now < 60_000; now = writer.nextDue() ?? NaN) {
      writer.start();
      await settle(() => writer.nextDue() !== null);
    }
    expect(logger.lines.map(({ level, message }) => [level, message])).toEqual([['warning', 'the metrics could not be written']]);
  });

  it('are not written where nobody wants them', () => {
    const { writer } = open(null);
    writer.start();
    expect(writer.nextDue()).toBeNull();
    expect(existsSync(join(folder, 'portreeve.prom'))).toBe(false);
  });
});
