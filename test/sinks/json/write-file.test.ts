import { appendFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeToFile } from '../../../src/sinks/json/write-file.ts';
import { useFolder } from '../../fixtures/use-folder.ts';
import { anEvent } from '../fakes.ts';

const NEVER = new AbortController().signal;
const folder = useFolder();
let path = '';

beforeEach(() => {
  path = join(folder.path, 'events.json');
});

const batch = (...sequences: readonly number[]) => sequences.map((sequence) => ({ event: anEvent({ sequence }), possibleDuplicate: false }));
const open = (file = path) => writeToFile(file, ({ event }) => `{"sequence":${event.sequence}}`).open(() => undefined, NEVER);

describe('a file of JSON lines', () => {
  it('is made for owner and group alone, and appended to', async () => {
    writeFileSync(path, '{"sequence":1}\n', { mode: 0o640 });
    const channel = await open();
    expect(await channel.send(batch(2, 3), NEVER)).toEqual({ taken: 2, attempted: 2, error: null });
    expect(await channel.close(NEVER)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('{"sequence":1}\n{"sequence":2}\n{"sequence":3}\n');
    const fresh = join(folder.path, 'fresh.json');
    await (await open(fresh)).close(NEVER);
    expect(statSync(fresh).mode & 0o777).toBe(0o640);
  });

  it('begins a new line where a crash left half of one', async () => {
    writeFileSync(path, '{"sequence":1}\n{"sequ');
    const channel = await open();
    await channel.send(batch(2), NEVER);
    expect(readFileSync(path, 'utf8')).toBe('{"sequence":1}\n{"sequ\n{"sequence":2}\n');
  });

  it('follows its path when the file is moved away, removed, or is to be opened anew', async () => {
    const transport = writeToFile(path, ({ event }) => String(event.sequence));
    const channel = await transport.open(() => undefined, NEVER);
    await channel.send(batch(1), NEVER);
    renameSync(path, `${path}.1`);
    await channel.send(batch(2), NEVER);
    rmSync(path);
    await channel.send(batch(3), NEVER);
    transport.reopen?.();
    await channel.send(batch(4), NEVER);
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['1\n', '3\n4\n']);
  });

  it('continues at the end of a file that was cut (copytruncate)', async () => {
    const channel = await open();
    await channel.send(batch(1), NEVER);
    writeFileSync(path, '');
    appendFileSync(path, 'x\n');
    await channel.send(batch(2), NEVER);
    expect(readFileSync(path, 'utf8')).toBe('x\n{"sequence":2}\n');
  });

  it('refuses what is no regular file, and says what the system says', async () => {
    await expect(open('/dev/null')).rejects.toThrow('/dev/null is not a regular file');
    await expect(open(folder.path)).rejects.toThrow(/EISDIR/);
    await expect(open(join(folder.path, 'none', 'x.json'))).rejects.toThrow(/ENOENT/);
  });
});
