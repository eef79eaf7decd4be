import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetlinkTransport } from '../../../src/native/netlink-socket.ts';
import { createWatchingNetlinkSource } from '../../../src/sources/netlink/source.ts';
import { int32, message, withSequence } from './fake-kernel.ts';

const TCP = 6;
const UDP = 17;
const PROTOCOL_AT = 17;
const NLM_F_DUMP_INTR = 0x10;

let proc: string;
let asked: number[] = [];
let flags = 0;

/** A kernel without any socket, that notes which protocol it is asked for. */
function open(): NetlinkTransport {
  let sequence = 0;
  return {
    send(request) {
      asked.push(request[PROTOCOL_AT] ?? 0);
      sequence = new DataView(request.buffer, request.byteOffset).getUint32(8, true);
    },
    receive: () => ({ kind: 'bytes', bytes: withSequence(message(3, 2 | flags, int32(0)), sequence) }),
    close: () => undefined,
  };
}
const takeAsked = () => asked.splice(0);

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'portreeve-steady-'));
  asked = [];
  flags = 0;
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

describe('TCP that is said to be steady', () => {
  it('is not read again, and UDP is', async () => {
    const source = createWatchingNetlinkSource(proc, open);
    const first = await source.dump();
    expect(takeAsked()).toEqual([TCP, TCP, UDP, UDP]);
    expect(await source.dump(undefined, true)).toBe(first);
    expect(takeAsked()).toEqual([UDP, UDP]);
    await source.dump();
    expect(takeAsked()).toEqual([TCP, TCP, UDP, UDP]);
  });

  it('is read all the same at the first dump, and where everything is', async () => {
    const source = createWatchingNetlinkSource(proc, open);
    await source.dump(undefined, true);
    expect(takeAsked()).toEqual([TCP, TCP, UDP, UDP]);
    source.refresh();
    await source.dump(undefined, true);
    expect(takeAsked()).toEqual([TCP, TCP, UDP, UDP]);
  });

  it('is read again where the last reading was not whole', async () => {
    const source = createWatchingNetlinkSource(proc, open);
    flags = NLM_F_DUMP_INTR;
    expect((await source.dump()).gaps.map(({ code }) => code)).toContain('dump-interrupted');
    flags = 0;
    takeAsked();
    await source.dump(undefined, true);
    expect(takeAsked()).toEqual([TCP, TCP, UDP, UDP]);
    await source.dump(undefined, true);
    expect(takeAsked()).toEqual([UDP, UDP]);
  });
});
