import { describe, expect, it } from 'vitest';
import { exportRegistry, quoteCsvCell } from '../../src/registry/export.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';

const exported = (format: 'csv' | 'ndjson'): string[] => [...exportRegistry(loadEmbeddedRegistry(), format)].join('').split('\n');

describe('exportRegistry', () => {
  it('writes a header and a line for every port on every transport, in order', () => {
    const lines = exported('csv');
    expect(lines).toHaveLength(1 + 65536 * 4 + 1);
    expect(lines[0]).toBe('port,protocol,status,range,service');
    expect(lines.at(-1)).toBe('');
    expect(lines.slice(1 + 22 * 4, 1 + 23 * 4)).toEqual(['22,tcp,assigned,system,ssh', '22,udp,assigned,system,ssh', '22,sctp,assigned,system,ssh', '22,dccp,unassigned,system,']);
    expect(lines[1 + 1276 * 4]).toBe('1276,tcp,reserved,user,');
    expect(lines[1 + 1302 * 4 + 1]).toBe('1302,udp,de-assigned,user,');
    expect(lines.at(-2)).toBe('65535,dccp,dynamic,dynamic,');
    const order = ['tcp', 'udp', 'sctp', 'dccp'];
    expect(lines.slice(1, -1).every((line, index) => line.startsWith(`${Math.floor(index / 4)},${order[index % 4]!},`))).toBe(true);
  });

  it('writes the same rows as JSON lines', () => {
    const lines = exported('ndjson');
    expect(lines).toHaveLength(65536 * 4 + 1);
    expect(JSON.parse(lines[22 * 4]!)).toEqual({ port: 22, protocol: 'tcp', status: 'assigned', range: 'system', service: 'ssh' });
    expect(JSON.parse(lines[65535 * 4 + 1]!)).toEqual({ port: 65535, protocol: 'udp', status: 'dynamic', range: 'dynamic', service: null });
  });

  it('gives whole lines with each piece', () => {
    for (const piece of exportRegistry(loadEmbeddedRegistry(), 'csv')) expect(piece.endsWith('\n')).toBe(true);
  });
});

describe('quoteCsvCell', () => {
  it('quotes only what needs it', () => {
    expect(['ssh', 'a,b', 'say "hi"', 'two\nlines', ''].map(quoteCsvCell)).toEqual(['ssh', '"a,b"', '"say ""hi"""', '"two\nlines"', '']);
  });
});
