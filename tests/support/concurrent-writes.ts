import fc from 'fast-check';
import { expect } from 'vitest';
import type { Answer, TestServer } from '../e2e/rest/support/server.ts';

interface Row {
  readonly k: string;
  readonly u: number | null;
  readonly n: number;
}

interface Shown {
  readonly id: string;
  readonly version: number;
  readonly data: Row;
}

interface Change {
  readonly seq: number;
  readonly op: 'create' | 'update' | 'delete';
  readonly id: string;
  readonly version: number;
  readonly data: Row | null;
}

type Policy = 'error' | 'ignore' | 'update';

/** One request; `pick` chooses among the records that the client has heard of. */
export type AnyWrite =
  | { readonly kind: 'create'; readonly row: Row; readonly policy: Policy }
  | {
      readonly kind: 'bulk' | 'upload';
      readonly rows: readonly Row[];
      readonly policy: Policy;
      readonly reject: boolean;
    }
  | { readonly kind: 'patch'; readonly pick: number; readonly data: Partial<Row>; readonly conditional: boolean }
  | { readonly kind: 'put' | 'delete'; readonly pick: number; readonly data: Row; readonly conditional: boolean }
  | { readonly kind: 'delete-matching'; readonly n: number };

const anyRow: fc.Arbitrary<Row> = fc.record({
  k: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  u: fc.constantFrom(null, null, 1, 2, 3),
  n: fc.integer({ min: 0, max: 9 }),
});
const anyPolicy = fc.constantFrom<Policy>('error', 'ignore', 'update');
const anyPick = fc.record({ pick: fc.nat(), conditional: fc.boolean() });

export function anyWrites(maxLength: number): fc.Arbitrary<AnyWrite[]> {
  return fc.array(
    fc.oneof<fc.Arbitrary<AnyWrite>[]>(
      fc.record({ kind: fc.constant('create' as const), row: anyRow, policy: anyPolicy }),
      fc.record({
        kind: fc.constantFrom('bulk' as const, 'upload' as const),
        rows: fc.array(anyRow, { minLength: 1, maxLength: 4 }),
        policy: anyPolicy,
        reject: fc.boolean(),
      }),
      fc
        .tuple(
          anyPick,
          fc.oneof(
            anyRow.map(({ u }) => ({ u })),
            anyRow.map(({ n }) => ({ n })),
          ),
        )
        .map(([pick, data]) => ({ kind: 'patch' as const, ...pick, data })),
      fc
        .tuple(anyPick, fc.constantFrom('put' as const, 'delete' as const), anyRow)
        .map(([pick, kind, data]) => ({ kind, ...pick, data })),
      fc.record({ kind: fc.constant('delete-matching' as const), n: fc.integer({ min: 7, max: 9 }) }),
    ),
    { maxLength },
  );
}

/** What clients asked for and were told, to be held against the feed: the one order that the server says it was. */
export class ConcurrentBook {
  readonly #server: TestServer;
  readonly #before: readonly Shown[];
  /** Records that an answer showed as they stood at some moment. */
  readonly #seen: Shown[] = [];
  /** Versions that a request made, each by it alone. */
  readonly #made: string[] = [];
  readonly #conditional: { readonly id: string; readonly from: number }[] = [];
  readonly #deleted: string[] = [];
  #deletedByFilter = 0;
  readonly #known: Shown[] = [];

  constructor(server: TestServer, before: readonly Shown[]) {
    this.#server = server;
    this.#before = before;
    this.#known.push(...before);
  }

  /** Sends the writes of one client, one behind the other. */
  async write(writes: readonly AnyWrite[]): Promise<void> {
    for (const write of writes) await this.#send(write);
  }

  /** Replays the feed on what was there, and finds every answer in it. */
  check(changes: readonly Change[], after: readonly Shown[]): void {
    const standing = new Map(this.#before.map((record) => [record.id, record]));
    const versions = new Set(this.#before.map(nameOf));
    const created: string[] = [];
    const deleted: string[] = [];
    let seq = 0;
    for (const change of changes) {
      expect(change.seq).toBeGreaterThan(seq);
      seq = change.seq;
      const current = standing.get(change.id);
      expect(change.version).toBe((current?.version ?? 0) + 1);
      expect(change.op).toBe(change.data === null ? 'delete' : current === undefined ? 'create' : 'update');
      if (change.data === null) {
        standing.delete(change.id);
        deleted.push(change.id);
        continue;
      }
      if (current !== undefined) expect(change.data.k).toBe(current.data.k);
      const record = { id: change.id, version: change.version, data: change.data };
      standing.set(change.id, record);
      versions.add(nameOf(record));
      created.push(nameOf(record));
      // Deletes and changes of one commit come in their order, so the keys are unique at every step.
      expectUnique([...standing.values()]);
    }
    const byId = (a: Shown, b: Shown) => (a.id < b.id ? -1 : 1);
    const shape = ({ id, version, data }: Shown) => ({ id, version, data });
    expect([...standing.values()].sort(byId)).toEqual(after.map(shape).sort(byId));
    for (const record of this.#seen) expect(versions, JSON.stringify(record)).toContain(nameOf(record));
    expect(new Set(this.#made).size, 'no version was made by two requests').toBe(this.#made.length);
    for (const name of this.#made) expect(created).toContain(name);
    for (const { id, from } of this.#conditional) {
      expect(created.some((name) => name.startsWith(`${id} ${from + 1} `))).toBe(true);
    }
    expect(deleted.length).toBe(this.#deleted.length + this.#deletedByFilter);
    for (const id of this.#deleted) expect(deleted).toContain(id);
  }

  async #send(write: AnyWrite): Promise<void> {
    switch (write.kind) {
      case 'create': {
        const path = `/records?on_conflict=${write.policy}`;
        const answer = await this.#server.post(path, { schema_name: 'shared', data: write.row });
        expect([200, 201, 409]).toContain(answer.status);
        if (answer.status === 409) return;
        this.#see(answer.json.record);
        if (answer.status === 201) this.#make(answer.json.record);
        expect(answer.json.record.data.k).toBe(write.row.k);
        if (write.policy === 'update') expect(answer.json.record.data).toEqual(write.row);
        return;
      }
      case 'bulk':
        return this.#bulk(write.rows, write.policy);
      case 'upload':
        return this.#upload(write.rows, write.policy, write.reject);
      case 'delete-matching': {
        const filters = encodeURIComponent(JSON.stringify([{ field: 'n', operator: 'eq', value: write.n }]));
        const answer = await this.#server.call('DELETE', `/records/shared?filters=${filters}`);
        expect(answer.status, answer.text).toBe(200);
        this.#deletedByFilter += answer.json.records_deleted;
        return;
      }
      default:
        return this.#change(write);
    }
  }

  async #change(write: AnyWrite & { kind: 'patch' | 'put' | 'delete' }): Promise<void> {
    const target = this.#known[write.pick % Math.max(1, this.#known.length)];
    if (target === undefined) return;
    const headers: Record<string, string> = write.conditional ? { 'if-match': `"${target.version}"` } : {};
    const path = `/records/shared/${target.id}`;
    const data = write.kind === 'put' ? { ...write.data, k: target.data.k } : write.data;
    const answer: Answer = await this.#server.call(write.kind.toUpperCase(), path, {
      headers,
      ...(write.kind === 'delete' ? {} : { json: { data } }),
    });
    if (write.kind === 'delete') {
      expect([204, 404, 412], answer.text).toContain(answer.status);
      if (answer.status === 204) this.#deleted.push(target.id);
      return;
    }
    expect([200, 404, 409, 412], answer.text).toContain(answer.status);
    if (answer.status !== 200) return;
    this.#see(answer.json);
    expect(answer.json.data).toMatchObject(data);
    const changed = answer.json.version !== target.version;
    if (write.conditional && changed) {
      expect(answer.json.version).toBe(target.version + 1);
      this.#make(answer.json);
      this.#conditional.push({ id: target.id, from: target.version });
    }
  }

  async #bulk(rows: readonly Row[], policy: Policy): Promise<void> {
    const path = `/records/bulk?on_conflict=${policy}`;
    const answer = await this.#server.post(path, { schema_name: 'shared', data: rows });
    expect([201, 409], answer.text).toContain(answer.status);
    if (answer.status !== 201) return;
    const { records, records_created: made, records_updated: updated, records_ignored: ignored } = answer.json;
    expect(records.map((record: Shown) => record.data.k)).toEqual(rows.map(({ k }) => k));
    expect(made + (updated ?? 0) + (ignored ?? 0)).toBe(rows.length);
    for (const record of records) this.#see(record);
    if (policy === 'error') for (const record of records) this.#make(record);
  }

  async #upload(rows: readonly Row[], policy: Policy, reject: boolean): Promise<void> {
    const path = `/records/shared/bulk?on_conflict=${policy}&on_invalid=${reject ? 'reject' : 'abort'}`;
    const answer = await this.#server.call('POST', path, {
      body: rows.map((row) => JSON.stringify(row)).join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(reject ? [201] : [201, 409], answer.text).toContain(answer.status);
    if (answer.status !== 201) return;
    const { records_created, records_updated, records_ignored, records_rejected } = answer.json;
    expect(records_created + records_updated + records_ignored + records_rejected).toBe(rows.length);
  }

  #see({ id, version, data }: Shown): void {
    this.#seen.push({ id, version, data });
    this.#known.push({ id, version, data });
  }

  #make({ id, version, data }: Shown): void {
    this.#made.push(nameOf({ id, version, data }));
  }
}

function nameOf({ id, version, data }: Shown): string {
  return `${id} ${version} ${JSON.stringify(data)}`;
}

function expectUnique(records: readonly Shown[]): void {
  const keys = records.map(({ data }) => data.k);
  expect(new Set(keys).size).toBe(keys.length);
  const numbers = records.flatMap(({ data }) => (data.u === null ? [] : [data.u]));
  expect(new Set(numbers).size).toBe(numbers.length);
}
