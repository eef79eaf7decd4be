import { describe, expect, it } from 'vitest';
import { findService } from '../../src/registry/find-service.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';

const found = (name: string): string[] => findService(loadEmbeddedRegistry(), name).map((match) => `${match.port}/${match.transport} ${match.as}`);

describe('findService', () => {
  it('finds a service on all its transports', () => {
    expect(found('ssh')).toEqual(['22/tcp service', '22/udp service', '22/sctp service']);
  });

  it('finds aliases and former names, in any letter case', () => {
    expect(found('WWW')).toEqual(['80/tcp alias', '80/udp alias']);
    expect(found('ci3-software-2')).toEqual(['1302/tcp former', '1302/udp former']);
  });

  it('finds every port of a range', () => {
    expect(found('x11')).toHaveLength(128);
  });

  it('finds nothing for part of a name, nor for none', () => {
    expect([found('ss'), found('')]).toEqual([[], []]);
  });
});
