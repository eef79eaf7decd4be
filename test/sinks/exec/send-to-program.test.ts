import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatJson } from '../../../src/model/ascii-json.ts';
import { sendToProgram } from '../../../src/sinks/exec/send-to-program.ts';
import { useFolder } from '../../fixtures/use-folder.ts';
import { anEvent, fakeLogger, type FakeLogger } from '../fakes.ts';

const NEVER = new AbortController().signal;
const folder = useFolder();
let logger: FakeLogger;

beforeEach(() => {
  logger = fakeLogger();
});

const batch = (...sequences: readonly number[]) => sequences.map((sequence) => ({ event: anEvent({ sequence, message: `$(touch ${folder.path}/injected) "é"` }), possibleDuplicate: false }));
const open = (script: string, options: { timeout?: number; concurrency?: number } = {}) =>
  sendToProgram({ name: 'pager', command: ['/bin/sh', '-c', script, 'sh', folder.path], timeout: options.timeout ?? 10_000, concurrency: options.concurrency ?? 2 }, ({ event }) => formatJson(event), logger).open(() => undefined, NEVER);

describe('a program per event', () => {
  it('gets the event on its standard input, and nothing through a shell or the environment', async () => {
    const channel = await open('cat > "$1/$PORTREEVE_EVENT_ID"; env > "$1/env"');
    expect(await channel.send(batch(1), NEVER)).toEqual({ taken: 1, attempted: 1, error: null });
    const [outgoing] = batch(1);
    expect(JSON.parse(readFileSync(join(folder.path, anEvent({ sequence: 1 }).id), 'utf8'))).toEqual(JSON.parse(JSON.stringify(outgoing?.event)));
    const names = readFileSync(join(folder.path, 'env'), 'utf8').split('\n').map((line) => line.split('=')[0]).filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? ''));
    expect(names.sort()).toEqual(['LANG', 'PATH', 'PORTREEVE_EVENT_ID', 'PORTREEVE_KIND', 'PORTREEVE_SEVERITY', 'PORTREEVE_SINK']);
    expect(existsSync(join(folder.path, 'injected'))).toBe(false);
  });

  it('is not asked again for what it took when an earlier one failed', async () => {
    const channel = await open('read -r event; case $event in *\'"sequence":1,\'*) test -e "$1/mended";; esac && echo "$PORTREEVE_EVENT_ID" >> "$1/done"');
    const outcome = await channel.send(batch(1, 2, 3), NEVER);
    expect(outcome).toEqual({ taken: 0, attempted: 2, error: '/bin/sh ended with exit code 1', refused: true });
    await open('touch "$1/mended"').then((mend) => mend.send(batch(9), NEVER));
    expect(await channel.send(batch(1, 2, 3), NEVER)).toEqual({ taken: 3, attempted: 3, error: null });
    expect(readFileSync(join(folder.path, 'done'), 'utf8').trim().split('\n').map((id) => id.slice(-1))).toEqual(['2', '1', '3']);
  });

  it('is ended after its time with all that it started', async () => {
    const channel = await open('sleep 60 & echo $! > "$1/child"; wait', { timeout: 300 });
    const { error } = await channel.send(batch(1), NEVER);
    expect(error).toBe('/bin/sh did not end within 0.3 s');
    const child = Number(readFileSync(join(folder.path, 'child'), 'utf8'));
    await expect.poll(() => isRunning(child)).toBe(false);
  });

  it('is killed where it does not end when it is told to', async () => {
    const channel = await open('trap "" TERM; while :; do sleep 0.1; done', { timeout: 200 });
    expect((await channel.send(batch(1), NEVER)).error).toContain('did not end');
  });

  it('has its output logged, cleaned and bounded, and need not read its input', async () => {
    const channel = await open('printf "bad \\033[2J"; yes | head -c 100000 >&2; exit 3');
    await channel.send([{ event: anEvent({ message: 'x'.repeat(500_000) }), possibleDuplicate: false }], NEVER);
    const [line] = logger.lines;
    expect(line?.level).toBe('warning');
    expect(String(line?.fields['output'])).toContain('bad \\x1b[2J');
    expect(String(line?.fields['output']).length).toBeLessThan(5000);
  });

  it('says what cannot be started', async () => {
    const channel = await sendToProgram({ name: 'x', command: ['/nonexistent/program'], timeout: 1000, concurrency: 1 }, () => '', logger).open(() => undefined, NEVER);
    expect((await channel.send(batch(1), NEVER)).error).toMatch(/^\/\S+ cannot be run \(ENOENT\)$/);
  });
});

/** A zombie that nobody waits for does not run. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}
