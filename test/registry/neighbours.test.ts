import { describe, expect, it } from 'vitest';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';
import { findNeighbours } from '../../src/registry/neighbours.ts';

describe('findNeighbours', () => {
  const registry = loadEmbeddedRegistry();

  it('finds the unassigned block of 10276, and the assigned ports around it', () => {
    expect(findNeighbours(registry, 10276, 'tcp')).toEqual({
      status: 'unassigned',
      first: 10262,
      last: 10287,
      below: { port: 10261, service: 'tile-ml' },
      above: { port: 10288, service: 'blocks' },
    });
    expect(findNeighbours(registry, 10276, 'udp')).toMatchObject({ first: 10262, last: 10287 });
  });

  it('ends at the first and the last port', () => {
    expect(findNeighbours(registry, 0, 'tcp')).toMatchObject({ status: 'reserved', first: 0, last: 0, below: null, above: { port: 1, service: 'tcpmux' } });
    expect(findNeighbours(registry, 65535, 'udp')).toMatchObject({ status: 'dynamic', first: 49152, last: 65535, above: null });
  });

  it('does not take the port itself for its neighbour', () => {
    expect(findNeighbours(registry, 23, 'tcp')).toMatchObject({ status: 'assigned', below: { port: 22, service: 'ssh' }, above: { port: 24, service: null } });
  });
});
