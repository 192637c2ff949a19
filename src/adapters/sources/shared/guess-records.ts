/** What a list of rows is called in most answers, the likeliest first. */
const LIKELY = ['data', 'items', 'results', 'records', 'rows', 'value', 'values', 'entries', 'hits', 'content', 'list'];
const MOST_DEPTH = 3;
/** A comment in a file names no more. */
const MOST_OTHERS = 3;

export interface GuessedRecords {
  /** The names that lead to the list; null where the answer itself is it. */
  readonly path: string | null;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Other lists of objects in the answer. */
  readonly others: readonly string[];
}

interface FoundList {
  readonly path: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Which list of an answer has the rows: the one that is called so, the least deep one, the longest; null: none. */
export function guessRecords(answer: unknown): GuessedRecords | null {
  const lists = [...listsIn(answer, [])];
  const ranked = lists.toSorted(
    (a, b) => rank(a) - rank(b) || a.path.length - b.path.length || b.rows.length - a.rows.length,
  );
  const [best, ...rest] = ranked;
  if (best === undefined) return null;
  const others = rest.slice(0, MOST_OTHERS).map(({ path }) => path.join('.'));
  return { path: best.path.length === 0 ? null : best.path.join('.'), rows: best.rows, others };
}

function* listsIn(json: unknown, path: readonly string[]): Generator<FoundList> {
  if (Array.isArray(json)) {
    if (json.every(isObject) && (json.length > 0 || isLikely(path))) yield { path, rows: json };
    return;
  }
  if (!isObject(json) || path.length === MOST_DEPTH) return;
  for (const [name, value] of Object.entries(json)) {
    if (!name.includes('.')) yield* listsIn(value, [...path, name]);
  }
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function isLikely(path: readonly string[]): boolean {
  return path.length === 0 || LIKELY.includes(path.at(-1) ?? '');
}

function rank({ path, rows }: FoundList): number {
  if (path.length === 0) return -1;
  const at = LIKELY.indexOf(path.at(-1) ?? '');
  return (at < 0 ? LIKELY.length : at) + (rows.length === 0 ? LIKELY.length : 0);
}
