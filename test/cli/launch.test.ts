import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE } from './portreeve.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-launch-'));
  for (const name of ['portreeve.cjs', 'program.cjs', 'program.cjs.compiled']) copyFileSync(join(dirname(BUNDLE), name), join(folder, name));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const version = () => spawnSync(process.execPath, [join(folder, 'portreeve.cjs'), '--version'], { encoding: 'utf8' });

describe('the compiled form of the program', () => {
  it('is passed over where it is torn, foreign or missing', () => {
    expect(version()).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
    for (const damage of [Buffer.alloc(0), Buffer.from('not what V8 wrote'), Buffer.alloc(100_000, 7)]) {
      writeFileSync(join(folder, 'program.cjs.compiled'), damage);
      expect(version()).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
    }
    rmSync(join(folder, 'program.cjs.compiled'));
    expect(version()).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
  });
});
