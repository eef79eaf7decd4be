import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reasonNotToAsk } from '../../../src/sources/bpf/may-ask.ts';

const statusWith = ({ capabilities = '000001ffffffffff', seccomp = '0', numbers = '4242' } = {}) =>
  `Name:\tnode\nPid:\t4242\nNSpid:\t${numbers}\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t${capabilities}\nNoNewPrivs:\t0\nSeccomp:\t${seccomp}\nSeccomp_filters:\t0\n`;
const bits = (...numbers: readonly bigint[]) => numbers.reduce((mask, bit) => mask | (1n << bit), 0n).toString(16).padStart(16, '0');

describe('the kernel may be asked', () => {
  it.each([
    ['root', statusWith()],
    ['CAP_SYS_ADMIN alone', statusWith({ capabilities: bits(21n) })],
    ['CAP_BPF and CAP_PERFMON', statusWith({ capabilities: bits(38n, 39n) })],
  ])('with %s', (_what, status) => {
    expect(reasonNotToAsk(status)).toBeNull();
  });

  it.each([
    ['no capability', statusWith({ capabilities: bits() }), /CAP_BPF/],
    ['CAP_BPF alone', statusWith({ capabilities: bits(39n) }), /CAP_BPF/],
    ['all others', statusWith({ capabilities: bits(0n, 12n, 19n, 20n, 22n, 37n, 38n, 40n) }), /CAP_BPF/],
    ['a filter of system calls', statusWith({ seccomp: '2' }), /seccomp/],
    ['a /proc of a PID namespace around this one', statusWith({ numbers: '4242\t7' }), /PID namespace/],
    ['a kernel that has no NSpid', statusWith().replace(/^NSpid.*\n/m, ''), /PID namespace/],
    ['no status at all', '', /CAP_BPF/],
  ])('not with %s', (_what, status, reason) => {
    expect(reasonNotToAsk(status)).toMatch(reason);
  });

  it('never of a text that is no status', () => {
    fc.assert(fc.property(fc.string(), (text) => reasonNotToAsk(text) !== null), { seed: 7 });
  });
});
