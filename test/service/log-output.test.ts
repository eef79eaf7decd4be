import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../src/service/log-output.ts', import.meta.url));

/** Standard error is a process's own, so each case is one: the module bundled, and a line that uses it. */
describe.skipIf(process.platform !== 'linux')('the output of the log', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-log-'));
    symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
    const url = { banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" }, define: { 'import.meta.url': '__url' } };
    await build({ ...url, entryPoints: [SOURCE], bundle: true, platform: 'node', format: 'cjs', external: ['koffi'], outfile: join(folder, 'output.cjs'), logLevel: 'silent' });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const program = (text: string) => `const { openLogOutput } = require(${JSON.stringify(join(folder, 'output.cjs'))}); const { writeSync } = require('node:fs');\n${text}`;
  const runInto = (file: string, text: string, stream: string | undefined) => {
    const fd = openSync(file, 'a');
    const { stdout } = spawnSync(process.execPath, ['-e', program(text)], { stdio: ['ignore', 'pipe', fd], encoding: 'utf8', env: { ...process.env, JOURNAL_STREAM: stream } });
    closeSync(fd);
    return stdout;
  };

  it.each([
    ['its own', (dev: number, ino: number) => `${dev}:${ino}`, 'journal'],
    ["another's", (dev: number, ino: number) => `${dev}:${ino + 1}`, 'json'],
    ['nonsense', () => 'x', 'json'],
    ['missing', () => undefined, 'json'],
  ])('takes standard error for the journal where JOURNAL_STREAM is %s', (_, stream, form) => {
    const file = join(folder, `stderr-${form}`);
    writeFileSync(file, 'before\n');
    const { dev, ino } = statSync(file);
    const text = "const { form, write } = openLogOutput(process.env); write('a line\\n'); writeSync(1, form);";
    expect(runInto(file, text, stream(dev, ino))).toBe(form);
    expect(readFileSync(file, 'utf8')).toBe('before\na line\n');
  });

  it('appends to a file, and so does Node then, whoever opened it and however', () => {
    const file = join(folder, 'written-from-its-start');
    const fd = openSync(file, 'w');
    const text = "const { write } = openLogOutput({}); write('one\\n'); writeSync(2, 'two\\n'); write('three\\n');";
    spawnSync(process.execPath, ['-e', program(text)], { stdio: ['ignore', 'ignore', fd] });
    closeSync(fd);
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('does not wait for a pipe that nobody reads, says what was not written, and runs no lines together', () => {
    // The reader comes when the pipe is full, and reads all.
    const text = `
      const { write } = openLogOutput({});
      let taken = 0;
      while (write('x'.repeat(9_999) + '\\n')) taken += 1;
      writeSync(3, '\\n');
      const start = Date.now();
      while (!write('end\\n') && Date.now() - start < 20_000) {}
      writeSync(1, String(taken));`;
    const script = `exec 4>&1; mkfifo "$1/pipe" "$1/go"; { read -r _ <"$1/go"; cat; } <"$1/pipe" >"$1/out" & "$2" -e "$3" 2>"$1/pipe" 3>"$1/go"; wait`;
    const { stdout } = spawnSync('bash', ['-c', script, 'bash', folder, process.execPath, program(text)], { encoding: 'utf8', timeout: 25_000 });
    const taken = Number(stdout);
    expect(taken).toBeGreaterThan(1);
    const lines = readFileSync(join(folder, 'out'), 'utf8').split('\n');
    expect(lines).toEqual([...Array.from({ length: taken }, () => 'x'.repeat(9_999)), 'end', '']);
  });
});
