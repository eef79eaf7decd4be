import type { SavedAudit } from '../model/audit-change.ts';
import { SOURCE_NAMES } from '../model/coverage.ts';
import { createDataReader, type DataReader } from '../model/data-reader.ts';
import { readListener } from '../model/read-listener.ts';

const SCHEMA = 'portreeve/audit/v1';
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

export type ParsedAudit = { readonly audit: SavedAudit } | { readonly faults: readonly string[]; readonly hint: string };

/**
 * Reads the text of a saved `audit --format json`. Keys that this version does not know are left out, as later versions
 * may add some; what is known has to be of its type. Never throws for what the text says.
 */
export function parseSavedAudit(text: string): ParsedAudit {
  const hint = 'Save one with: portreeve audit --now --format json > FILE';
  let data: unknown;
  try {
    data = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    const isLines = /^\s*\{"type":"audit"/.test(text.slice(0, 100));
    if (isLines) return { faults: ['these are JSON lines, and one JSON object is needed'], hint };
    return { faults: [text.trim() === '' ? 'the file is empty' : `this is not JSON${placeOf(error, text)}`], hint };
  }
  const reader = createDataReader(data);
  const schema = reader.at('schema');
  if (schema.faults.length > 0 || schema.isNull()) return { faults: ['this is not an audit: it has no "schema"'], hint };
  const name = schema.text();
  if (schema.faults.length > 0) return { faults: schema.faults, hint };
  if (name !== SCHEMA) return { faults: [`the schema is ${JSON.stringify(name.slice(0, 60))}, and ${SCHEMA} is needed`], hint };
  const audit = readAudit(reader);
  return reader.faults.length > 0 ? { faults: reader.faults, hint } : { audit };
}

/** The position that V8 tells, as a line and column; never its message, which quotes the text. */
function placeOf(error: unknown, text: string): string {
  const offset = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  if (offset === undefined) return '';
  const before = text.slice(0, Number(offset));
  return `: it breaks off or goes wrong in line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
}

function readAudit(reader: DataReader): SavedAudit {
  const coverage = reader.at('coverage');
  const registry = reader.at('registry');
  const startedAt = reader.at('startedAt').text();
  return {
    host: { name: reader.at('host').at('name').text() },
    startedAt: ISO_8601.test(startedAt) ? startedAt : reader.at('startedAt').oneOf(['a time like 2026-11-22T04:53:57.000Z']),
    registry: { source: registry.at('source').text(), updated: registry.at('updated').text() },
    coverage: { source: coverage.at('source').oneOf(SOURCE_NAMES), complete: coverage.at('complete').flag() },
    listeners: reader.at('listeners').items().map(readListener),
  };
}
