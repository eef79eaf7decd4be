import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listKeys } from '../../src/config/key-table.ts';
import { KEYS } from '../../src/config/keys.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { SINK_KEYS, SINK_TYPES } from '../../src/config/sink-keys.ts';
import { manualRow } from './manual-row.ts';

const manual = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const examples = [...manual.matchAll(/\n\n((?: {4}.*\n|\n(?= {4}))+)/g)].map(([, block = '']) => block.replace(/^ {4}/gm, ''));
const files = examples.filter((text) => /^(?:version|[a-z]+:$)/m.test(text) && !text.startsWith('/'));

describe('docs/configuration.md', () => {
  it('has a row for each key, with its default, and for nothing else', () => {
    const rows = [...listKeys(KEYS), ...SINK_TYPES.flatMap((type) => [...listKeys(SINK_KEYS[type].keys)])].map(([path, key]) => manualRow(path, key));
    expect(rows.filter((row) => !manual.includes(`\n${row}\n`))).toEqual([]);
    const written = manual.split('\n').filter((line) => /^\| `[a-zA-Z.]+` \| (?:`|must)/.test(line));
    expect(written.filter((row) => !rows.includes(row))).toEqual([]);
  });

  it.each(files)('has a sound example: %s', async (text) => {
    const { config, problems } = await parseConfig(text.startsWith('version') ? text : `version: 1\n${text}`, 'x.yaml', []);
    expect(problems).toEqual([]);
    expect(config).not.toBeNull();
  });

  it('has an example of each kind of sink', async () => {
    const types = [];
    for (const text of files) types.push(...((await parseConfig(text.startsWith('version') ? text : `version: 1\n${text}`, 'x.yaml', [])).config?.sinks.map(({ type }) => type) ?? []));
    expect([...new Set(types)].sort()).toEqual([...SINK_TYPES].sort());
  });

  it('shows the errors that the examples of them make', async () => {
    const { problems } = await parseConfig('version: 1\nscan:\n  intervall: 500ms\n  sweep: 5\n', 'x.yaml', []);
    for (const { position, message, hint } of problems) {
      expect(manual).toContain(`/etc/portreeve/portreeve.yaml:${position.line ?? ''}:${position.column ?? ''}: ${message}\n`);
      expect(manual).toContain(hint);
    }
  });
});
