/** The longest pattern that a policy takes, in UTF-16 units. */
const LONGEST_PATTERN = 512;

/** The pattern of a policy that matches this text alone; null where it would be longer than a policy allows. */
export function literalPattern(text: string): string | null {
  const pattern = text.replace(/[\\*?[\]{}]/g, '\\$&');
  return pattern.length > LONGEST_PATTERN ? null : pattern;
}
