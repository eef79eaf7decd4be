/** Milliseconds. */
const FIRST = 500;
const LONGEST = 60_000;

/**
 * How long to wait after so many failures in a row (1 and more): twice as long each time up to a minute, and by chance up
 * to half less, so that the hosts of a fleet do not all come back to a receiver in the same instant. Milliseconds.
 */
export function backoffDelay(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 16));
  return Math.round(ceiling * (1 - random() / 2));
}
