const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS = [
  { size: DAY, name: 'day' },
  { size: HOUR, name: 'hour' },
  { size: MINUTE, name: 'minute' },
  { size: SECOND, name: 'second' },
] as const;

/** A length of time in its largest unit, rounded down: `2 days`, `59 seconds`, `84 ms`, `0.4 ms`. Milliseconds. */
export function spanLabel(ms: number): string {
  for (const { size, name } of UNITS) {
    const whole = Math.floor(ms / size);
    if (whole >= 1) return `${whole} ${name}${whole === 1 ? '' : 's'}`;
  }
  return `${ms >= 10 ? Math.round(ms) : Number(Math.max(ms, 0).toFixed(1))} ms`;
}

/** How long ago a moment was; a clock that was set back since makes no negative age. */
export function agoLabel(moment: string, now: Date): string {
  const age = now.getTime() - Date.parse(moment);
  if (age <= -SECOND) return "ahead of this host's clock";
  return age < SECOND ? 'just now' : `${spanLabel(age)} ago`;
}

/** ISO 8601 to the second: `2026-11-22T04:53:57Z`. */
export function secondLabel(moment: string): string {
  return moment.replace(/\.\d+(?=Z$)/, '');
}
