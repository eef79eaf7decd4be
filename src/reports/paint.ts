import type { Severity } from '../model/severity.ts';

/** SGR codes (ECMA-48, section 8.3.117), the eight basic colours only: every theme defines them legibly. */
const STYLES = {
  bold: '1',
  faint: '2',
  critical: '1;31',
  error: '31',
  warning: '33',
  notice: '36',
  info: '34',
} as const satisfies Record<Severity | 'bold' | 'faint', string>;

export type Style = keyof typeof STYLES;

/** Colours text, where colours are allowed. Widths are measured before this. */
export function paint(text: string, style: Style | null, colour: boolean): string {
  return colour && style !== null && text !== '' ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}
