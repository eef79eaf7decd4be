import { describe, expect, it } from 'vitest';
import type { PortFacts } from '../../src/model/registry.ts';
import { parseBlockLines } from '../../src/registry/facts-format.ts';
import embeddedFacts from '../../src/registry/iana.facts';
import { parseTrustedBlock } from '../../src/registry/parse-trusted-block.ts';

const none = [null, null, null, null];

function parsed(block: string, port: number): (PortFacts | null)[] {
  const facts: (PortFacts | null)[] = [...none];
  parseTrustedBlock(block, port, facts, 0);
  return facts;
}

describe('parseTrustedBlock', () => {
  it('reads every block of the embedded facts as the parser that checks does', () => {
    const blocks = new Map<string, string[]>();
    for (const line of embeddedFacts.split('\n').filter((each) => /^\d/.test(each))) {
      const ports = line.slice(0, line.indexOf('\t'));
      blocks.set(ports, [...(blocks.get(ports) ?? []), line]);
    }
    expect(blocks.size).toBeGreaterThan(6000);
    for (const [ports, lines] of blocks) {
      const port = Number.parseInt(ports, 10);
      expect(parsed(lines.join('\n'), port)).toEqual(parseBlockLines(port, lines));
    }
  });

  it('writes into the four slots that it was given and no other', () => {
    const facts: (PortFacts | null)[] = new Array<null>(12).fill(null);
    parseTrustedBlock('80\ttu\tA\thttp\n80\ts\tR', 80, facts, 4);
    expect(facts.map((one) => one?.status ?? null)).toEqual([...none, 'assigned', 'assigned', 'reserved', 'unassigned', ...none]);
  });

  it('gives facts that nobody can change', () => {
    const facts = parsed('80\tt\tA\thttp,www', 80)[0]!;
    expect(facts).toMatchObject({ service: 'http', aliases: ['www'] });
    expect(Object.isFrozen(facts) && Object.isFrozen(facts.aliases)).toBe(true);
  });
});
