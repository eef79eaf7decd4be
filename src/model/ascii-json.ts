/**
 * JSON in ASCII: every other character becomes a `\uXXXX` escape (RFC 8259, section 7), so that the text is harmless on
 * any terminal whatever a process called itself, and parsing gives back exactly the original. JSON.stringify alone
 * escapes C0 but prints DEL, C1, bidi controls and U+2028 as they are.
 */
export function formatJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(/[\x7f-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
