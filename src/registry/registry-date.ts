const DATE = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/;

/**
 * A date as the registry writes it, YYYY-MM-DD, or YYYY-MM where only the month was recorded (entries of the years
 * 2002 to 2008). Null for anything else, and for a day that no calendar has.
 */
export function parseRegistryDate(text: string): string | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const month = Number(match[2]);
  if (month < 1 || month > 12) return null;
  if (match[3] === undefined) return text;
  const day = Number(match[3]);
  const daysInMonth = new Date(Date.UTC(Number(match[1]), month, 0)).getUTCDate();
  return day >= 1 && day <= daysInMonth ? text : null;
}

/** Whether a date names its day: YYYY-MM-DD. */
export function isFullDate(date: string): boolean {
  return date.length === 10;
}
