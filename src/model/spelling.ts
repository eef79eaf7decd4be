/** Longer words are not typed by hand; comparing them would cost more than the suggestion is worth. */
const LONGEST_WORD = 64;

/**
 * The candidate that a person most likely meant by `word`, or null where none is near: the same but for case, or at most
 * one slip in three letters (a letter more, less, other, or two swapped).
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LONGEST_WORD) return null;
  const lower = word.toLowerCase();
  let nearest: string | null = null;
  let nearestDistance = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    if (candidate.length > LONGEST_WORD || Math.abs(candidate.length - word.length) >= nearestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours, one each. */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      let best = Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}
