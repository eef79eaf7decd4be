import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { listServiceNames } from '../../src/registry/find-service.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';
import { summarizeRange } from '../../src/registry/summarize-range.ts';

const registry = loadEmbeddedRegistry();

describe('summarizeRange', () => {
  it('counts, names the services and lists the runs between them', () => {
    expect(summarizeRange(registry, 10_260, 10_290, 'tcp')).toEqual({
      transport: 'tcp',
      byStatus: { 'assigned': 3, 'unassigned': 28, 'reserved': 0, 'de-assigned': 0, 'dynamic': 0 },
      assigned: [{ from: 10_260, to: 10_260, service: 'axis-wimp-port' }, { from: 10_261, to: 10_261, service: 'tile-ml' }, { from: 10_288, to: 10_288, service: 'blocks' }],
      blocks: [{ from: 10_262, to: 10_287, status: 'unassigned' }, { from: 10_289, to: 10_290, status: 'unassigned' }],
    });
  });

  it('says of every port exactly one thing', () => {
    for (const transport of TRANSPORTS) {
      const { byStatus, assigned, blocks } = summarizeRange(registry, 0, 65_535, transport);
      const sizes = [...assigned, ...blocks].reduce((sum, { from, to }) => sum + to - from + 1, 0);
      expect(sizes).toBe(65_536);
      expect(Object.values(byStatus).reduce((sum, number) => sum + number, 0)).toBe(65_536);
    }
    expect(summarizeRange(registry, 0, 65_535, 'tcp').byStatus).toEqual({ 'assigned': 6149, 'unassigned': 42_746, 'reserved': 235, 'de-assigned': 22, 'dynamic': 16_384 });
  });
});

describe('listServiceNames', () => {
  it('has services, aliases and former names', () => {
    const names = listServiceNames(registry);
    for (const name of ['ssh', 'www', 'ci3-software-2']) expect(names).toContain(name);
  });
});
