import { fold } from './fold.ts';

/** The word of a list that was most likely meant, or null where none is near. */
export function nearestWord(wanted: string, words: readonly string[]): string | null {
  const target = plain(wanted);
  let best: string | null = null;
  let least = Math.max(1, Math.floor(target.length / 3)) + 1;
  for (const word of words) {
    const distance = editDistance(target, plain(word), least);
    if (distance < least) {
      best = word;
      least = distance;
    }
  }
  return best;
}

/** ` (did you mean "…"?)`, or nothing. */
export function didYouMean(wanted: string, words: readonly string[]): string {
  const word = nearestWord(wanted, words);
  return word === null ? '' : ` (did you mean "${word}"?)`;
}

function plain(word: string): string {
  return fold(word.slice(0, 100)).replace(/[-_\s]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before = new Uint16Array(b.length + 1);
  let last = Uint16Array.from({ length: b.length + 1 }, (_, at) => at);
  const at = (row: Uint16Array, place: number) => row[place] ?? limit;
  for (let i = 1; i <= a.length; i++) {
    const row = new Uint16Array(b.length + 1);
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced, swapped ? at(before, j - 2) + 1 : limit + 1);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}
