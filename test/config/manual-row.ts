import { printDefault } from '../../src/config/describe-config.ts';
import type { Key } from '../../src/config/key-table.ts';

/** The row of docs/configuration.md for a key. */
export function manualRow(path: string, key: Key<unknown>): string {
  const usual = printDefault(key);
  const only = key.only === null ? '' : ` Only with \`${key.only.key}\` ${key.only.values.join(', ')}.`;
  return `| \`${path}\` | ${usual === null ? 'must be given' : `\`${usual}\``} | ${key.description} Takes ${key.kind.expected}.${only} |`;
}
