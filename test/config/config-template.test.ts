import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/config-schema.ts';
import { configTemplate } from '../../src/config/config-template.ts';
import { printDefault } from '../../src/config/describe-config.ts';
import { listKeys } from '../../src/config/key-table.ts';
import { KEYS } from '../../src/config/keys.ts';
import { JOURNAL_SINK } from '../../src/config/load-config.ts';
import { defaultConfig, parseConfig } from '../../src/config/parse-config.ts';
import { SINK_KEYS, SINK_TYPES } from '../../src/config/sink-keys.ts';
import { isValid } from '../yaml/json-schema.ts';

const FILE = fileURLToPath(new URL('../../config/portreeve.yaml', import.meta.url));
const text = readFileSync(FILE, 'utf8');
/** Prose has exactly one blank behind its #; what stands closer, or further, is YAML. */
const uncommented = text.replace(/^( *)#(?! \S|$)/gm, '$1');

describe('config/portreeve.yaml', () => {
  it('is what the table of keys makes of it (after a change of the table: vitest run test/config -u)', async () => {
    await expect(configTemplate()).toMatchFileSnapshot(FILE);
  });

  it('changes nothing as it stands', async () => {
    const { config, problems } = await parseConfig(text, FILE, [JOURNAL_SINK]);
    expect(problems).toEqual([]);
    expect(config).toEqual({ ...defaultConfig([JOURNAL_SINK]), file: FILE });
  });

  it('is valid, and says every default, with all of it uncommented', async () => {
    const { config, given, problems } = await parseConfig(uncommented, FILE, []);
    expect(problems).toEqual([]);
    expect(config).toEqual({ ...defaultConfig(config?.sinks ?? []), file: FILE });
    expect([...listKeys(KEYS)].map(([path]) => path).filter((path) => !given.has(path))).toEqual([]);
    expect(isValid(parse(uncommented, { version: '1.2', schema: 'core' }), configSchema())).toBe(true);
  });

  it('has an example of each sink, which together have every key', async () => {
    const { config, given } = await parseConfig(uncommented, FILE, []);
    const sinks = config?.sinks ?? [];
    expect([...new Set(sinks.map(({ type }) => type))].sort()).toEqual([...SINK_TYPES].sort());
    for (const type of SINK_TYPES) {
      const names = sinks.filter((sink) => sink.type === type).map(({ name }) => name);
      const missing = [...listKeys(SINK_KEYS[type].keys)].filter(([path]) => !names.some((name) => given.has(`sinks.${name}.${path}`)));
      expect(missing.map(([path]) => `${type} ${path}`)).toEqual([]);
    }
  });

  it('says of a sink what the default is, or shows it', () => {
    for (const type of SINK_TYPES) {
      for (const [path, key] of listKeys(SINK_KEYS[type].keys)) {
        const usual = printDefault(key);
        const name = path.split('.').at(-1) ?? '';
        if (usual !== null) expect(text.includes(`${name}: ${usual}\n`) || text.includes(`Default: ${usual}.`), `${type} ${path}`).toBe(true);
      }
    }
  });

  it('stays within the width of a terminal but for the address of the schema, and in ASCII', () => {
    expect(text.split('\n').filter((line) => line.length > 110)).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=/usr/local/lib/node_modules/portreeve/dist/config.schema.json');
  });
});
