import type { Dataset } from '#domain/dataset/dataset.ts';
import { JsonObject, JsonSyntaxError, parseJson, writeJson } from '#domain/record/json.ts';
import { compileRowValidator, type NewRow, type RowVerdict } from '#domain/record/validate-row.ts';
import { rowRenderer } from '#formats/json/render-record.ts';
import { compileRe2 } from '#infrastructure/re2.ts';

/** What became of a row: the `data` it is stored as and the id it came with, or the sentences that refuse it. */
export type Verdict = { readonly data: string; readonly id: string | null } | { readonly refused: readonly string[] };

/** What the domain's rule says of a row that is sent as JSON; the judge of every road of JSON. */
export type Judge = (row: string | Uint8Array) => Verdict;

/** @param isLine whether a row may be a whole record, as a line of NDJSON may */
export function judgeOf(dataset: Dataset, isLine: boolean): Judge {
  const validator = compileRowValidator(dataset, compileRe2);
  const render = rowRenderer(dataset, null);
  return (row) => {
    let verdict: RowVerdict<NewRow>;
    try {
      const text = typeof row === 'string' ? row : new TextDecoder('utf-8', { fatal: true }).decode(row);
      const json = parseJson(text);
      verdict = isLine ? validator.createFromLine(json, '') : validator.create(json, '');
    } catch (error) {
      if (error instanceof JsonSyntaxError) return { refused: [`This line is not JSON: ${error.message}.`] };
      if (error instanceof TypeError) return { refused: ['This line is not valid UTF-8.'] };
      throw error;
    }
    return verdict.ok
      ? { data: comparable(render(verdict.value.row)), id: verdict.value.id }
      : { refused: verdict.faults.map(({ message }) => message) };
  };
}

/** A double may be written in more than one way; it is compared as the number it is. */
export function comparable(data: string): string {
  return data.replace(/(?<="double":)[^,}]+/, (text) => String(JSON.parse(text)));
}

/** One member of `data` as it is written. */
export function valueIn(data: string, name: string): string | null {
  const json = parseJson(data);
  return json instanceof JsonObject ? writeJson(json.get(name) ?? null) : null;
}
