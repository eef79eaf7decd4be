import { describe, expect, it } from 'vitest';
import { TRANSPORTS, type PortFacts } from '../../src/model/registry.ts';
import { parseBlockLines } from '../../src/registry/facts-format.ts';
import embeddedFacts from '../../src/registry/iana.facts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';
import { parseTrustedBlock } from '../../src/registry/parse-trusted-block.ts';
import { openFacts } from '../../src/registry/read-facts.ts';

describe('parseTrustedBlock', () => {
  it('reads every block of the embedded facts as the parser that checks does', () => {
    const blocks = new Map<string, { at: number; lines: string[] }>();
    let at = 0;
    for (const line of embeddedFacts.split('\n')) {
      const ports = line.slice(0, line.indexOf('\t'));
      if (/^\d/.test(line)) {
        const block = blocks.get(ports);
        if (block === undefined) blocks.set(ports, { at, lines: [line] });
        else block.lines.push(line);
      }
      at += line.length + 1;
    }
    expect(blocks.size).toBeGreaterThan(6000);
    for (const [ports, block] of blocks) expect(parseTrustedBlock(embeddedFacts, block.at)).toEqual(parseBlockLines(Number.parseInt(ports, 10), block.lines));
  });

  it('gives facts that nobody can change', () => {
    const facts = parseTrustedBlock('80\tt\tA\thttp,www\n# end 1\n', 0)[0]!;
    expect(facts).toMatchObject({ service: 'http', aliases: ['www'] });
    expect(Object.isFrozen(facts) && Object.isFrozen(facts.aliases)).toBe(true);
  });
});

describe('openFacts', () => {
  it('answers the same for the hundredth question as for the first, with the same objects', () => {
    const registry = openFacts(embeddedFacts, 'x');
    const ask = (port: number): PortFacts[] => TRANSPORTS.map((transport) => registry.lookup(port, transport));
    const asked = [0, 22, 80, 1302, 10_276, 49_151, 49_152, 65_535];
    const early = asked.map(ask);
    for (let port = 0; port <= 65_535; port += 1) registry.lookup(port, 'udp');
    const late = asked.map(ask);
    expect(late).toEqual(early);
    late.flat().forEach((facts, index) => {
      expect(facts).toBe(early.flat()[index]);
    });
    expect(late[3]).toEqual(TRANSPORTS.map((transport) => loadEmbeddedRegistry().lookup(1302, transport)));
  });
});
