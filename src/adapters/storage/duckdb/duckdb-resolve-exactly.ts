import { conflictOf } from '#application/records/rejections.ts';
import { uniqueConstraints } from '#domain/dataset/constraints.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import type { ChangeResult, WriteRequest } from '#domain/record/change.ts';
import type { StoredLookup } from '#domain/record/dataset-image.ts';
import { idPrefix } from '#domain/record/id.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { WriteDraft } from '#domain/record/write-draft.ts';
import { columnAt, currentTable } from './duckdb-layout.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';
import { lookUpStored } from './duckdb-lookup.ts';
import { canonicalValue, packRows, unpackRows } from './duckdb-rows.ts';

/** Rows that are judged with one look at what is stored. */
const ROWS_AT_ONCE = 4096;

/**
 * Fills `temp.resolved` row by row, as a draft of small writes would have it. Only rows that share an id or a value of a
 * key with another of the body, or with a record, are gone through; all others are new.
 */
export async function resolveExactly(context: LoadContext, block: StagedTable): Promise<void> {
  const { session, request, rejections } = context;
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE resolved AS SELECT rowid AS ord, NULL::UUID AS old, rowid AS holder, 'create' AS action ` +
      `FROM ${block.table} WHERE ok`,
  );
  await session.execute(entangledSql(request.dataset, block.table));
  const judge = new Judge(context, block);
  for (let from = -1; ; ) {
    const rows = await readEntangled(context, block, from);
    const last = rows.at(-1);
    if (last === undefined) break;
    from = last.ord;
    await judge.take(rows);
  }
  await session.execute('DROP TABLE temp.entangled');
  rejections.throwIfAborting();
}

interface EntangledRow {
  readonly ord: number;
  readonly id: string | null;
  /** The row of the body that counts instead of this one: the last with the same identity, under `update`. */
  readonly last: number;
  readonly row: Row;
}

function entangledSql(dataset: Dataset, table: string): string {
  const shared = [['gid'], ...uniqueConstraints(dataset).map(({ indexes }) => indexes.map((index) => `p${index}`))];
  const stored = [
    ['_id'],
    ...uniqueConstraints(dataset).map(({ indexes }) => indexes.map((index) => columnAt(dataset, index))),
  ];
  const parts = shared.map((values, at) => {
    const known = values.map((value) => `${value} IS NOT NULL`).join(' AND ');
    const matches = values.map((value, index) => `c.${stored[at]?.[index]} = s.${value}`).join(' AND ');
    return (
      `SELECT ord FROM (SELECT rowid AS ord, count(*) OVER (PARTITION BY ${values.join(', ')}) AS times FROM ${table} ` +
      `WHERE ok AND ${known}) WHERE times > 1 UNION ALL ` +
      `SELECT s.rowid FROM ${table} s SEMI JOIN ${currentTable(dataset)} c ON ${matches} WHERE s.ok`
    );
  });
  return `CREATE OR REPLACE TEMP TABLE entangled AS SELECT DISTINCT ord FROM (${parts.join(' UNION ALL ')})`;
}

async function readEntangled(
  { session, request }: LoadContext,
  { table }: StagedTable,
  from: number,
): Promise<EntangledRow[]> {
  const { dataset, onConflict } = request;
  const key = keyIndexes(dataset);
  const identity = key.length > 0 ? key.map((index) => `p${index}`).join(', ') : 'gid';
  const last =
    onConflict === 'update'
      ? `CASE WHEN ${key.length > 0 ? 'TRUE' : 'gid IS NOT NULL'} THEN max(rowid) OVER (PARTITION BY ${identity}) ELSE rowid END`
      : 'rowid';
  const values = dataset.properties.map(({ dbType }, index) => canonicalValue(dbType, `p${index}`));
  const rows = await session.rows(
    `SELECT * FROM (SELECT rowid AS ord, gid::VARCHAR, ${last}, ${values.join(', ')} FROM ${table} WHERE ok) AS s ` +
      `WHERE s.ord > ${from} AND s.ord IN (SELECT ord FROM temp.entangled) ORDER BY s.ord LIMIT ${ROWS_AT_ONCE}`,
  );
  return rows.map(([ord, id, counting, ...row]) => ({
    ord: Number(ord),
    id: (id ?? null) as string | null,
    last: Number(counting),
    row: row.map((value) => (value ?? null) as Value),
  }));
}

/** Drafts the rows one behind the other and writes down what becomes of each. */
class Judge {
  readonly #context: LoadContext;
  readonly #block: StagedTable;
  readonly #lookups: StoredLookup[] = [];
  readonly #draft: WriteDraft;
  /** Of records that rows of the body make: the row. */
  readonly #bornOf = new Map<string, number>();

  constructor(context: LoadContext, block: StagedTable) {
    this.#context = context;
    this.#block = block;
    const found = <T>(ask: (lookup: StoredLookup) => T | null) => {
      for (const lookup of this.#lookups) {
        const record = ask(lookup);
        if (record !== null) return record;
      }
      return null;
    };
    const stored: StoredLookup = {
      byId: (dataset, id) => found((lookup) => lookup.byId(dataset, id)),
      byKey: (dataset, ...key) => found((lookup) => lookup.byKey(dataset, ...key)),
    };
    // Its ids and numbers are never stored: they only tell records apart while it lasts.
    this.#draft = new WriteDraft(stored, { firstSeq: 1, at: '1970-01-01T00:00:00Z', idPrefix: idPrefix(0, 0) });
  }

  async take(rows: readonly EntangledRow[]): Promise<void> {
    const { session, finder } = this.#context;
    const counting = rows.filter(({ ord, last }) => ord === last);
    this.#lookups.push(
      await lookUpStored(
        session,
        finder,
        counting.map((row) => this.#requestOf(row)),
      ),
    );
    const fates = rows.map((row) =>
      row.ord === row.last ? this.#judge(row) : fate(row.ord, 'ignore', null, row.last),
    );
    await session.run(
      `UPDATE temp.resolved AS r SET old = u.old, holder = u.holder, action = u.action FROM (SELECT ` +
        `c0::BIGINT AS ord, c1::UUID AS old, c2::BIGINT AS holder, c3 AS action ` +
        `FROM ${unpackRows('$1', 4)}) AS u WHERE r.ord = u.ord`,
      [packRows(fates)],
    );
  }

  #requestOf({ row, id }: EntangledRow): WriteRequest {
    const { dataset, onConflict, origin } = this.#context.request;
    return { changes: [{ kind: 'create', dataset, row, id, onConflict }], marks: [], origin };
  }

  #judge(row: EntangledRow): Fate {
    const outcome = this.#draft.apply(this.#requestOf(row));
    if (!outcome.ok) {
      const { faults, code } = conflictOf(outcome.error);
      this.#context.rejections.add(this.#block.lineOf(row.ord), faults, code);
      return fate(row.ord, 'conflict', null, row.ord);
    }
    return this.#fateOf(row.ord, outcome.results[0]);
  }

  #fateOf(ord: number, result: ChangeResult | undefined): Fate {
    if (result === undefined || result.kind === 'deleted') throw new TypeError('a row of an upload makes a record');
    const { id } = result.record;
    if (result.kind === 'created') {
      this.#bornOf.set(id, ord);
      return fate(ord, 'create', null, ord);
    }
    if (result.kind === 'updated') return fate(ord, 'update', id, ord);
    const born = this.#bornOf.get(id);
    return born === undefined ? fate(ord, 'ignore', id, ord) : fate(ord, 'ignore', null, born);
  }
}

/** A row of `temp.resolved` as texts. */
type Fate = readonly [ord: string, old: string | null, holder: string, action: string];

function fate(ord: number, action: string, old: string | null, holder: number): Fate {
  return [String(ord), old, String(holder), action];
}
