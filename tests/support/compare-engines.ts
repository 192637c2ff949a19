import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson, writeJson } from '#domain/record/json.ts';
import { textOf } from './bytes.ts';
import { reading } from './store-driver.ts';

/** All that a client can ask of a store, as plain values. */
interface Shown {
  readonly head: number;
  readonly datasets: readonly string[];
  readonly marks: readonly (string | null)[];
  readonly answers: readonly unknown[];
}

/** @param marks keys of idempotency marks to be read */
export async function showAll(engine: StorageEngine, marks: readonly string[]): Promise<Shown> {
  const datasets = [...(await engine.datasets.list())].sort((a, b) => (a.name < b.name ? -1 : 1));
  const kept: (string | null)[] = [];
  for (const key of marks) kept.push(await engine.writer.readMark('idempotency', key));
  const answers: unknown[] = [];
  for (const dataset of datasets) answers.push(await show(engine, dataset));
  return {
    head: engine.changes.head(),
    datasets: datasets.map((dataset) => writeJson(describeDataset(dataset))),
    marks: kept,
    answers,
  };
}

async function show(engine: StorageEngine, dataset: Dataset) {
  const head = engine.changes.head();
  const query = { dataset, filter: null, sort: [], fields: null, limit: null };
  const text = await textOf(engine.reader.stream(query, 'ndjson', reading()));
  const lines = text.split('\n').filter((line) => line !== '');
  const records = lines.map(oneForm).sort();
  const ids = records.map((line) => String(JSON.parse(line).id));
  const sinces = [0, Math.floor(head / 2), head];
  return {
    records,
    count: await engine.reader.count(dataset, null, reading()),
    byId: (await engine.reader.byIds(dataset, ids, reading())).map((record) => record && oneForm(record.json)),
    changes: await Promise.all(sinces.map((since) => feed(engine, dataset, since, { images: true }))),
    latest: await feed(engine, dataset, 0, { latest: true }),
  };
}

/**
 * Engines write the same number as `1e+30`, `1e30` or `10.0`, the same character as `\\u000f` or `\\u000F`. That all
 * digits are there is told by the images of the feed, whose values are not rendered.
 */
function oneForm(json: string): string {
  return writeJson(parseJson(json)).replaceAll(/-?\d+(\.\d+)?(e[+-]?\d+)?(?=[,}\]])/g, (number) =>
    /[.e]/.test(number) ? String(Number(number)) : number,
  );
}

/** The feed from a number on, page by page; the code of what it was refused with. */
async function feed(
  engine: StorageEngine,
  dataset: Dataset,
  since: number,
  { images = false, latest = false }: { images?: boolean; latest?: boolean },
) {
  const { signal } = new AbortController();
  const changes: unknown[] = [];
  const limit = Math.max(7, Math.ceil(engine.changes.head() / 10));
  try {
    for (let next = since; ; ) {
      const page = await engine.changes.read({ dataset, since: next, limit, latest, images, signal });
      changes.push(...page.changes.map((change) => ({ ...change, json: oneForm(change.json) })));
      next = page.next;
      if (!page.hasMore) return { changes, next };
    }
  } catch (error) {
    if (!(error instanceof DataForgeError) || error.code === 'internal') throw error;
    return { refused: error.code, message: error.message };
  }
}
