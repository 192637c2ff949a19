import type { Dataset } from '#domain/dataset/dataset.ts';
import { JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import type { StoreDriver } from '../../support/store-driver.ts';
import { comparable } from './judge.ts';

/** Every record that stands, in the order of its number: its id, and its `data` as it is written. */
export async function standing(store: StoreDriver, dataset: Dataset): Promise<{ data: string; id: string }[]> {
  const text = await store.text(dataset, 'ndjson', { sort: [{ field: '_seq' }] });
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const record = parseJson(line);
    if (!(record instanceof JsonObject)) throw new Error('a record is an object');
    return [{ data: comparable(writeJson(record.get('data') ?? null)), id: String(record.get('id')) }];
  });
}

export async function standingData(store: StoreDriver, dataset: Dataset): Promise<string[]> {
  return (await standing(store, dataset)).map(({ data }) => data);
}
