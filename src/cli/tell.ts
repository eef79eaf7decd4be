import { writeSync } from 'node:fs';

const STDERR = 2;

/**
 * Writes to standard error. What cannot be told there changes nothing of the result, nor of its exit code. Not through
 * process.stderr, which takes 3 ms to open and is seldom needed.
 */
export function tell(text: string): void {
  try {
    writeSync(STDERR, text);
  } catch {
    // No one listens.
  }
}

const STDOUT = 1;

/** Writes a help text to standard output, whole where someone reads it. A reader who leaves early has seen enough. */
export function show(text: string): void {
  try {
    writeSync(STDOUT, text);
  } catch {
    // No one reads on.
  }
}
