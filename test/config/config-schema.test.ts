import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/config-schema.ts';
import { isValid } from '../yaml/json-schema.ts';
import { BAD_SECTIONS, BAD_SINKS, CONTRADICTIONS, NO_CONFIGS, withLine, withSink, withSyslog } from './bad-configs.ts';

const schema = configSchema();

/** As an editor sees the file: data, without the spelling. */
function dataOf(text: string): unknown {
  return parse(text, { version: '1.2', schema: 'core', uniqueKeys: false });
}

/** Bad files that a schema cannot tell, each with why. Everything else that is refused, the schema refuses too. */
const BEYOND_A_SCHEMA: ReadonlyMap<string, string> = new Map([
  ...CONTRADICTIONS.map(([text]) => [text, 'lies between keys'] as const),
  ['version: 1\nscan: {}\nscan: {}\n', 'a key that is there twice'],
  ...['scan: { interval: 10ms }', 'alerts: { settle: { critical: 2h } }', 'alerts: { reminder: 0s }', 'state: { maxSize: 1B }'].map((line) => [withLine(line), 'bounds of a text with a unit'] as const),
  [withSink('{ type: exec, name: a, command: [/bin/true], timeout: 0s }'), 'bounds of a text with a unit'],
  [withLine('alerts: { flapping: { openings: 010 } }'), 'spelled in a way that other readers misread; the value is fine'],
  ...['registry: { url: "https://x /y" }', 'registry: { url: "file://host/y" }'].map((line) => [withLine(line), 'the grammar of addresses'] as const),
  [withLine('state: { dir: "/var/lib/x\\n" }'), 'control characters'],
  [withLine(`control: { socket: /${'s'.repeat(107)} }`), 'a length in bytes'],
  [withLine('metrics: { textfile: /var/lib/node_exporter/portreeve.txt }'), 'the end of a name'],
  ...['transport: tcp, host: "a:514"', 'transport: tcp, host: "[::1]:514"', 'transport: tcp, host: "tcp://a"', 'transport: tcp, host: 10.0.0.256'].map((keys) => [withSyslog(keys), 'the grammar of host names'] as const),
  [withSink('{ type: exec, name: a, command: ["/bin/a\\0b"] }'), 'control characters'],
]);

describe('the schema of the configuration', () => {
  it.each([
    'version: 1\n',
    'version: 1\nscan:\nalerts: { settle: }\nsinks:\n',
    withLine('policy: { rules: default }'),
    withLine('scan: { source: auto, interval: 1s }'),
    withSink('{ type: exec, name: e, command: [/bin/page, "-u"], timeout: 5s }'),
    withSyslog('transport: tls, host: a, port: auto, tls: { caFile: /ca.pem }'),
  ])('takes %s', (text) => {
    expect(isValid(dataOf(text), schema)).toBe(true);
  });

  it.each([...NO_CONFIGS, ...BAD_SECTIONS, ...BAD_SINKS].filter(([text]) => !BEYOND_A_SCHEMA.has(text)))('refuses %s', (text) => {
    expect(isValid(dataOf(text), schema)).toBe(false);
  });

  it.each([...BEYOND_A_SCHEMA])('cannot refuse %s', (text, why) => {
    expect([...NO_CONFIGS, ...BAD_SECTIONS, ...CONTRADICTIONS, ...BAD_SINKS].map(([bad]) => bad)).toContain(text);
    expect([why, isValid(dataOf(text), schema)]).toEqual([why, true]);
  });

  it('describes every key, and its default is valid', () => {
    const visit = (node: unknown, path: string): string[] => {
      if (typeof node !== 'object' || node === null) return [];
      const own = node as Readonly<Record<string, unknown>>;
      const properties = own['properties'] as Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
      const bad = Object.entries(properties ?? {}).filter(([name, part]) => {
        const isDescribed = name === 'type' || typeof part['description'] === 'string' && part['description'].length >= 10;
        return !isDescribed || (part['default'] !== undefined && !isValid(part['default'], part));
      });
      return [...bad.map(([name]) => `${path}.${name}`), ...Object.entries(own).flatMap(([key, part]) => visit(part, `${path}.${key}`))];
    };
    expect(visit(schema, '')).toEqual([]);
  });
});
