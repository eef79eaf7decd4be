import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { writeToStdout } from '../../../src/sinks/json/write-stdout.ts';
import { anEvent } from '../fakes.ts';

const batch = [1, 2].map((sequence) => ({ event: anEvent({ sequence }), possibleDuplicate: false }));
const format = ({ event }: { event: { sequence: number } }): string => String(event.sequence);

describe('JSON lines on standard output', () => {
  it('are written one per event', async () => {
    const stream = new PassThrough();
    const channel = await writeToStdout(format, stream).open(() => undefined, new AbortController().signal);
    expect(await channel.send(batch, new AbortController().signal)).toEqual({ taken: 2, attempted: 2, error: null });
    expect(String(stream.read())).toBe('1\n2\n');
  });

  it('wait for a reader no longer than until the sink is stopped', async () => {
    const stream = new Writable({ write: () => undefined });
    const stop = new AbortController();
    const channel = await writeToStdout(format, stream).open(() => undefined, stop.signal);
    const sending = channel.send(batch, stop.signal);
    stop.abort();
    expect(await sending).toEqual({ taken: 0, attempted: 2, error: 'nobody reads standard output' });
  });

  it('do not end the agent when the reader has gone', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => { done(new Error('EPIPE')); } });
    let rung = 0;
    const transport = writeToStdout(format, stream);
    const channel = await transport.open(() => { rung++; }, new AbortController().signal);
    expect((await channel.send(batch, new AbortController().signal)).error).toBe('EPIPE');
    await new Promise((resolve) => setImmediate(resolve));
    expect([channel.broken, rung]).toEqual(['EPIPE', 1]);
    await expect(transport.open(() => undefined, new AbortController().signal)).rejects.toThrow('EPIPE');
  });
});
