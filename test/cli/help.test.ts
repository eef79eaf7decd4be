import { expect, it } from 'vitest';
import { portreeve } from './portreeve.ts';

/** Columns of a terminal as it opens. */
const WIDTH = 80;

/** The commands that a help lists, behind their parent. */
function readCommands(help: string, parent: readonly string[]): readonly (readonly string[])[] {
  const list = help.slice(help.indexOf('\nCommands:\n'));
  return help.includes('\nCommands:\n') ? [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => [...parent, name]).filter((path) => path.at(-1) !== 'help') : [];
}

it('help fits the width of a terminal, for each command', { timeout: 60_000 }, async () => {
  const waiting: (readonly string[])[] = [[]];
  const seen: string[] = [];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { code, stdout } = await portreeve([...path, '--help']);
    expect(code).toBe(0);
    waiting.push(...readCommands(stdout, path));
    seen.push(path.join(' '));
    // An address cannot be folded.
    expect(stdout.split('\n').filter((line) => line.length > WIDTH && line.trim().includes(' ')), path.join(' ')).toEqual([]);
  }
  expect(seen.length).toBeGreaterThan(20);
  expect(seen).toContain('registry update');
});
