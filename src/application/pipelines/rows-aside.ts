import { type Dataset, indexOfProperty } from '#domain/dataset/dataset.ts';
import type { Filter, PageQuery } from '#domain/query/query.ts';
import type { RecordReader } from '../ports/record-reader.ts';

/** A row set aside, as it stands in the dataset for those. */
export interface AsideRow {
  readonly id: string;
  readonly version: number;
  readonly format: 'ndjson' | 'csv';
  readonly row: string;
  readonly reason: string;
}

const PAGE = 1000;

/** The rows that a pipeline has set aside, page by page; they may be deleted while they are read. */
export async function* rowsAside(
  reader: RecordReader,
  dataset: Dataset,
  pipeline: string,
  signal: AbortSignal,
): AsyncGenerator<AsideRow> {
  const index = indexOfProperty(dataset, 'pipeline');
  const property = dataset.properties[index];
  if (property === undefined) return;
  const filter: Filter = {
    kind: 'compare',
    field: { kind: 'property', index, property },
    operator: 'eq',
    value: pipeline,
  };
  let start: PageQuery['start'] = { kind: 'offset', offset: 0 };
  for (;;) {
    const query: PageQuery = { dataset, filter, sort: [], fields: null, size: PAGE, start };
    const { records, last } = await reader.page(query, { at: null, signal });
    for (const { id, version, json } of records) {
      const { data } = JSON.parse(json) as { readonly data: Omit<AsideRow, 'id' | 'version'> };
      yield { id, version, format: data.format, row: data.row, reason: data.reason };
    }
    if (records.length < PAGE || last === null) return;
    start = { kind: 'after', position: last };
  }
}
