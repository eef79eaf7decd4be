const PLAIN = /^[A-Za-z/][A-Za-z0-9_./+@-]*$/;
/** Words that YAML 1.1 or 1.2 readers take for something else than a string. */
const NOT_A_STRING = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A YAML scalar, in ASCII and on one line, that reads back as this string (YAML 1.2.2, section 5.7 for the escapes). */
export function yamlText(text: string): string {
  if (PLAIN.test(text) && !NOT_A_STRING.test(text)) return text;
  return JSON.stringify(text).replace(/[^\x20-\x7e]/gu, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16);
    return digits.length <= 4 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
  });
}

/** Values without their repetitions: a scalar where there is one, else a flow sequence. */
export function yamlValues(values: readonly (string | number | boolean)[]): string {
  const scalars = [...new Set(values)].map((value) => (typeof value === 'string' ? yamlText(value) : String(value)));
  return scalars.length === 1 ? scalars.join('') : `[${scalars.join(', ')}]`;
}
