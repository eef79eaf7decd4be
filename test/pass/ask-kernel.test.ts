import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareKernelQuestion } from '../../src/pass/ask-kernel.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
beforeEach(() => {
  fake = createFakeProc();
});
afterEach(() => {
  fake.dispose();
});

const WANTED = new Set([1]);
const MANY = 5000;

describe.runIf(process.platform === 'linux')('the kernel', () => {
  it('is never asked where /proc is wished for', () => {
    expect(prepareKernelQuestion('proc', fake.proc).ask).toBeUndefined();
  });

  it.each([
    ['with no capability for it', () => { writeFileSync(join(fake.proc, 'self/status'), 'CapEff:\t0000000000000000\nNSpid:\t7\nSeccomp:\t0\n'); }, 'CAP_BPF'],
    ['where /proc does not tell', () => undefined, 'does not show this process'],
  ])('is not asked %s, which is no error unless it was wished for', async (_what, prepare, message) => {
    prepare();
    const auto = prepareKernelQuestion('auto', fake.proc);
    expect(await auto.ask?.(WANTED, MANY)).toBeNull();
    expect(await auto.ask?.(WANTED, MANY)).toBeNull();
    expect(auto.view()).toBe('proc');
    await expect(prepareKernelQuestion('bpf', fake.proc).ask?.(WANTED, MANY)).rejects.toMatchObject({ code: 'source-unsupported', message: expect.stringContaining(message) as string, hint: 'use --owners proc' });
  });

  it('is not asked for the sake of a few processes', async () => {
    writeFileSync(join(fake.proc, 'self/status'), 'CapEff:\t000001ffffffffff\nNSpid:\t7\nSeccomp:\t2\n');
    expect(await prepareKernelQuestion('auto', fake.proc).ask?.(WANTED, 3)).toBeNull();
    await expect(prepareKernelQuestion('bpf', fake.proc).ask?.(WANTED, 3)).rejects.toMatchObject({ message: expect.stringContaining('seccomp') as string });
  });
});
