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
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? limit;
}
