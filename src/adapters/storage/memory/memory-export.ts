import {
  type DatasetFacts,
  type DatedMark,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { Row } from '#domain/record/value.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import type { MemoryStore } from './memory-store.ts';
import type { MemoryTable } from './memory-table.ts';

const BLOCK_ROWS = 4096;

/** A store in memory as the source of a copy. */
export class MemoryExport implements StoreExport {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async facts(): Promise<StoreFacts> {
    const { head, origins, tables } = this.#store;
    return { head, origins, datasets: tables.map(factsOf), marks: this.#marks().length };
  }

  async *rows(dataset: Dataset, part: StorePart, after: number): AsyncGenerator<RecordBatch> {
    const columns = storedColumns(dataset, part);
    const rows = rowsOf(this.#store.table(dataset), part).filter(([number]) => number > after);
    rows.sort(([a], [b]) => a - b);
    for (let from = 0; from < rows.length; from += BLOCK_ROWS) {
      const block = rows.slice(from, from + BLOCK_ROWS).map(([, row]) => row);
      yield writeRows(columns, block);
    }
  }

  async *marks(): AsyncGenerator<readonly DatedMark[]> {
    const marks = this.#marks();
    if (marks.length > 0) yield marks;
  }

  async close(): Promise<void> {}

  #marks(): readonly DatedMark[] {
    return this.#store.marks.filter(({ kind }) => kind !== MIGRATION_MARK);
  }
}

function factsOf(table: MemoryTable): DatasetFacts {
  const { dataset, trimmedTo, history } = table;
  const times = [...table.records(null).map(({ updatedAt }) => updatedAt), ...history.map(({ toAt }) => toAt)];
  const last = times.map(microsecondsOf).reduce<bigint | null>((a, b) => (a === null || b > a ? b : a), null);
  const lastChange = last === null ? null : String(last);
  return { dataset, trimmedTo, lastChange, rows: { current: table.size, former: history.length } };
}

/** The rows of a part with the numbers they are ordered by. */
function rowsOf(table: MemoryTable, part: StorePart): (readonly [number, Row])[] {
  const own = ({ id, createdAt, updatedAt, version, seq, row }: StoredRecord): Row => {
    return [id, createdAt, updatedAt, version, BigInt(seq), table.makerOf(seq), ...row];
  };
  if (part === 'current') return table.records(null).map((record) => [record.seq, own(record)]);
  return table.history.map(({ record, toSeq, toAt, deleted }) => [
    toSeq,
    [...own(record), BigInt(toSeq), toAt, table.makerOf(toSeq), deleted],
  ]);
}
