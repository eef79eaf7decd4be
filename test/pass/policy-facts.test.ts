import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import type { Listener } from '../../src/model/listener.ts';
import { indexLocalEnds } from '../../src/pass/policy-facts.ts';
import { aListener } from '../fixtures/audit-report.ts';

const listener = (address: string, fields: Partial<AuditedListener> = {}) => aListener({ address, port: 80, ...fields });

describe('whether someone is connected to a listener', () => {
  const answers = (ends: readonly string[], ...listeners: readonly Listener[]) => {
    const hasPeers = indexLocalEnds(new Set(ends), listeners);
    return listeners.map((each) => hasPeers(each));
  };

  it('is so where a connection ends at its address and port, and nowhere else', () => {
    expect(answers(['tcp 127.0.0.1 80'], listener('127.0.0.1'), listener('127.0.0.1', { port: 81 }), listener('10.0.0.1'), listener('127.0.0.1', { protocol: 'udp' }))).toEqual([true, false, false, false]);
  });

  it('is so for a wildcard with any address of its family; IPv4 counts for :: where that is dual-stack', () => {
    expect(answers(['tcp 10.0.0.1 80'], listener('0.0.0.0'))).toEqual([true]);
    expect(answers(['tcp 10.0.0.1 80'], listener('::'))).toEqual([false]);
    expect(answers(['tcp 10.0.0.1 80'], listener('::', { dualStack: true }))).toEqual([true]);
    expect(answers(['tcp 2001:db8::1 80'], listener('0.0.0.0'))).toEqual([false]);
  });

  it('leaves a connection to the listener that is bound to its very address', () => {
    expect(answers(['tcp 127.0.0.1 80'], listener('127.0.0.1'), listener('0.0.0.0'))).toEqual([true, false]);
  });

  it('takes an IPv4-mapped address for the IPv4 address that it is', () => {
    expect(answers(['tcp 127.0.0.1 80'], listener('::ffff:127.0.0.1'), listener('0.0.0.0'))).toEqual([true, false]);
    expect(answers(['tcp 127.0.0.1 80'], listener('::ffff:0.0.0.0'))).toEqual([true]);
  });

  it('is unknown for what has no connections that a source tells of', () => {
    expect(answers([], listener('0.0.0.0', { protocol: 'raw', port: null }), listener('0.0.0.0', { protocol: 'sctp' }))).toEqual([null, null]);
  });
});
