/**
 * JSON on one line, in ASCII: every other character becomes a `\uXXXX` escape (RFC 8259, section 7), so that the line is
 * harmless on a terminal and whole in any character set, and parsing gives back exactly what went in.
 */
export function formatJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
