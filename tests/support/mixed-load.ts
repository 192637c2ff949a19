import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';

interface Row {
  readonly n: number;
  readonly batch: string;
}

interface StoredRecord {
  readonly id: string;
  readonly version: number;
  readonly data: Row & { readonly k?: string };
}

interface Change {
  readonly seq: number;
  readonly op: 'create' | 'update' | 'delete';
  readonly id: string;
  readonly version: number;
  readonly data: unknown;
}

/** What was asked of one row, and how much of it was answered. */
interface Expected {
  /** Values that may stand: the last answered, and one that was asked for and not answered. */
  readonly values: Set<number>;
  /** Whether it may be missing: its create was not answered, or a delete was asked for. */
  mayBeMissing: boolean;
  mustBeMissing: boolean;
  id: string | null;
}

interface Unanswered {
  readonly path: string;
  readonly key: string;
  readonly body: string;
  readonly dataset: string;
  readonly batch: string;
  readonly rows: number;
}

/** Clients that write all the time, and the book they keep of what the server promised. */
export class MixedLoad {
  readonly #rows = new Map<string, Expected>();
  readonly #bulks = new Map<string, { dataset: string; rows: number; answered: boolean }>();
  readonly #unanswered: Unanswered[] = [];
  #next = 0;
  answered = 0;

  /** Writes until the server is gone. */
  async run(url: string): Promise<void> {
    const clients = [this.#singles, this.#singles, this.#changes, this.#bulkLines, this.#bulkArrays];
    await Promise.all(
      clients.map(async (client) => {
        for (;;) {
          try {
            await client.call(this, url);
            this.answered++;
          } catch (error) {
            if (error instanceof TypeError) return;
            throw error;
          }
        }
      }),
    );
  }

  /** Holds what stands against what was promised. */
  checkRecords(dataset: string, records: readonly StoredRecord[]): void {
    const found = new Map<string, StoredRecord[]>();
    for (const record of records) {
      const list = found.get(record.data.batch);
      if (list === undefined) found.set(record.data.batch, [record]);
      else list.push(record);
    }
    for (const [batch, expected] of this.#rows) {
      if (!batch.startsWith(`${dataset}:`)) continue;
      const stored = found.get(batch) ?? [];
      expect(stored.length, `${batch} stands once at most`).toBeLessThanOrEqual(1);
      const [record] = stored;
      if (record === undefined)
        expect(expected.mayBeMissing || expected.mustBeMissing, `${batch} was promised`).toBe(true);
      else {
        expect(expected.mustBeMissing, `${batch} was deleted`).toBe(false);
        expect(expected.values.has(record.data.n), `${batch} has ${record.data.n}`).toBe(true);
        expected.id = record.id;
        expected.mayBeMissing = false;
        expected.values.clear();
        expected.values.add(record.data.n);
      }
      if (record === undefined) {
        expected.mustBeMissing = true;
        expected.mayBeMissing = true;
      }
    }
    for (const [batch, bulk] of this.#bulks) {
      if (bulk.dataset !== dataset) continue;
      const stored = found.get(batch)?.length ?? 0;
      if (bulk.answered) expect(stored, `bulk ${batch} was promised whole`).toBe(bulk.rows);
      else expect([0, bulk.rows], `bulk ${batch} is whole or not there`).toContain(stored);
    }
  }

  /** Sends what had no answer once more, with its key: it must be there once then. */
  async repeatUnanswered(url: string): Promise<void> {
    for (const { path, key, body, dataset, batch, rows } of this.#unanswered.splice(0)) {
      const response = await post(url, path, body, key);
      expect(response.status).toBe(201);
      await response.text();
      const count = await countOf(url, dataset, batch);
      expect(count, `${batch} after its repeat`).toBe(rows);
      const bulk = this.#bulks.get(batch);
      if (bulk) bulk.answered = true;
      const single = this.#rows.get(batch);
      if (single) {
        single.mayBeMissing = false;
        single.mustBeMissing = false;
      }
    }
  }

  async #singles(url: string): Promise<void> {
    const n = ++this.#next;
    const dataset = n % 2 === 0 ? 'items' : 'keyed';
    const batch = `${dataset}:${n}`;
    const expected: Expected = { values: new Set([n]), mayBeMissing: true, mustBeMissing: false, id: null };
    this.#rows.set(batch, expected);
    const data = dataset === 'keyed' ? { k: batch, n, batch } : { n, batch };
    const body = JSON.stringify({ schema_name: dataset, data });
    const key = randomUUID();
    const pending: Unanswered = { path: '/api/v1/records', key, body, dataset, batch, rows: 1 };
    this.#unanswered.push(pending);
    const answer = (await (await created(post(url, pending.path, body, key))).json()) as { record: { id: string } };
    this.#unanswered.splice(this.#unanswered.indexOf(pending), 1);
    expected.mayBeMissing = false;
    expected.id = answer.record.id;
  }

  /** Changes or deletes a row that stands. */
  async #changes(url: string): Promise<void> {
    const standing = [...this.#rows].filter(
      ([, { id, mayBeMissing, mustBeMissing }]) => id !== null && !mayBeMissing && !mustBeMissing,
    );
    const picked = standing[Math.floor(Math.random() * standing.length)];
    if (picked === undefined) return this.#singles(url);
    const [batch, expected] = picked;
    const path = `/api/v1/records/${batch.split(':')[0]}/${expected.id}`;
    if (Math.random() < 0.3) {
      expected.mayBeMissing = true;
      const response = await fetch(url + path, { method: 'DELETE' });
      expect(response.status).toBe(204);
      expected.mustBeMissing = true;
      return;
    }
    const n = -++this.#next;
    expected.values.add(n);
    const response = await fetch(url + path, {
      method: 'PATCH',
      body: JSON.stringify({ data: { n } }),
      headers: JSON_TYPE,
    });
    expect(response.status).toBe(200);
    await response.text();
    expected.values.clear();
    expected.values.add(n);
  }

  #bulkLines(url: string): Promise<void> {
    const rows = 200 + Math.floor(Math.random() * 2000);
    return this.#bulk(url, rows, (batch) => ({
      path: '/api/v1/records/items/bulk',
      type: 'application/x-ndjson',
      body: Array.from({ length: rows }, (_, n) => JSON.stringify({ n, batch })).join('\n'),
    }));
  }

  #bulkArrays(url: string): Promise<void> {
    const rows = 1 + Math.floor(Math.random() * 900);
    return this.#bulk(url, rows, (batch) => ({
      path: '/api/v1/records/bulk',
      type: 'application/json',
      body: JSON.stringify({ schema_name: 'items', data: Array.from({ length: rows }, (_, n) => ({ n, batch })) }),
    }));
  }

  async #bulk(
    url: string,
    rows: number,
    make: (batch: string) => { path: string; type: string; body: string },
  ): Promise<void> {
    const batch = `bulk:${++this.#next}`;
    const bulk = { dataset: 'items', rows, answered: false };
    this.#bulks.set(batch, bulk);
    const { path, type, body } = make(batch);
    const response = await created(fetch(url + path, { method: 'POST', body, headers: { 'content-type': type } }));
    await response.text();
    bulk.answered = true;
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

function post(url: string, path: string, body: string, key: string): Promise<Response> {
  return fetch(url + path, { method: 'POST', body, headers: { ...JSON_TYPE, 'idempotency-key': key } });
}

async function created(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return response;
}

async function countOf(url: string, dataset: string, batch: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify([{ field: 'batch', operator: 'eq', value: batch }]));
  const response = await fetch(`${url}/api/v1/records/${dataset}/count?filters=${filters}`);
  return ((await response.json()) as { count: number }).count;
}

/** All records of a dataset. */
export async function readRecords(url: string, dataset: string): Promise<StoredRecord[]> {
  return readLines(`${url}/api/v1/records/${dataset}/stream`);
}

/** The whole changes feed of a dataset. */
export async function readChanges(url: string, dataset: string): Promise<Change[]> {
  return readLines(`${url}/api/v1/records/${dataset}/changes?since=0`);
}

async function readLines<T>(url: string): Promise<T[]> {
  const response = await fetch(url, { headers: { accept: 'application/x-ndjson' } });
  expect(response.status).toBe(200);
  const text = await response.text();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]));
}
