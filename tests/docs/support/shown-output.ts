import { stripVTControlCharacters } from 'node:util';
import { parseJson, writeJson } from '#domain/record/json.ts';

/** Values that differ from run to run and that later commands of the page may name: shown ones and those of this run. */
export type Seen = Map<string, string>;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const CURSOR = '[A-Za-z0-9_-]+\\.[0-9]+';
/** What may differ, and what it must look like all the same. */
const VARYING: readonly { readonly shown: string; readonly pattern: string; readonly isKept?: boolean }[] = [
  { shown: UUID, pattern: UUID, isKept: true },
  { shown: '(?<=--cursor |"next_cursor":")[A-Za-z0-9_.-]+', pattern: CURSOR, isKept: true },
  { shown: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+Z', pattern: '\\d{4}-\\d\\d-\\d\\dT[\\d:]+(?:\\.\\d+)?Z' },
  { shown: '(?<="execution_time_ms":)[\\d.]+', pattern: '[\\d.]+' },
  { shown: '\\[\\d\\d:\\d\\d:\\d\\d\\]', pattern: '\\[\\d\\d:\\d\\d:\\d\\d\\]' },
  { shown: '(?<=in )\\d+(?:\\.\\d)? s', pattern: '\\d+(?:\\.\\d)? s' },
  { shown: '\\d[\\d ]* rows/s', pattern: '\\d[\\d ]* rows/s' },
  { shown: '\\d+(?:\\.\\d)? (?:B|kB|MB)', pattern: '\\d+(?:\\.\\d)? (?:B|kB|MB)' },
  { shown: '(?<=Data Forge |"version":")\\d+\\.\\d+\\.\\d+', pattern: '\\d+\\.\\d+\\.\\d+' },
  { shown: 'v26\\.\\d+\\.\\d+', pattern: 'v\\d+\\.\\d+\\.\\d+' },
  { shown: '"…"', pattern: '[\\s\\S]*?' },
  { shown: '…', pattern: '[\\s\\S]*?' },
];

/**
 * Whether an output is what the page shows. Ids, cursors, times, durations, sizes and versions may have other values;
 * `…` stands for anything. Ids and cursors are remembered in `seen`.
 */
export function matches(shown: string, output: string, isJson: boolean, seen: Seen): boolean {
  const expected = comparable(shown, isJson);
  const values: string[] = [];
  const any = new RegExp(VARYING.map(({ shown: part }) => `(${part})`).join('|'), 'g');
  let pattern = '';
  let at = 0;
  for (const match of expected.matchAll(any)) {
    const kind = VARYING[match.slice(1).findIndex((group) => group !== undefined)];
    if (kind === undefined) continue;
    if (kind.isKept) values.push(match[0]);
    pattern += escaped(expected.slice(at, match.index)) + (kind.isKept ? `(${kind.pattern})` : kind.pattern);
    at = match.index + match[0].length;
  }
  pattern += escaped(expected.slice(at));
  const found = new RegExp(`^${pattern}$`).exec(comparable(output, isJson));
  if (found === null) return false;
  values.forEach((value, index) => {
    seen.set(value, found[index + 1] ?? '');
  });
  return true;
}

/** A text with the shown values of earlier outputs replaced by those of this run. */
export function withSeen(text: string, seen: Seen): string {
  return [...seen].reduce((changed, [shown, real]) => changed.replaceAll(shown, real), text);
}

/** JSON without its layout, every digit kept; text without colours, thin spaces and blanks at the ends of lines. */
function comparable(text: string, isJson: boolean): string {
  if (!isJson)
    return stripVTControlCharacters(text)
      .replaceAll('\u202f', ' ')
      .replace(/[ \t]+$/gm, '')
      .trim();
  return text
    .trim()
    .split(/\n(?=[{[])/)
    .map((document) => writeJson(parseJson(document)))
    .join('\n');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
