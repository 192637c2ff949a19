import {
  type DatedMark,
  type ImportState,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
  type StoreImport,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { timestampOf } from '#domain/record/time.ts';
import type { Row } from '#domain/record/value.ts';
import { readRows } from '#formats/columns/read-values.ts';
import { MemoryExport } from './memory-export.ts';
import type { MemoryStore } from './memory-store.ts';
import { MemoryTable } from './memory-table.ts';

const END_OF_TIME = '9999-12-31T23:59:59Z';

/** A store in memory as the target of a copy. */
export class MemoryImport implements StoreImport {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async state(): Promise<ImportState> {
    for (const state of ['unfinished', 'finished'] as const) {
      const note = this.#store.mark(MIGRATION_MARK, state);
      if (note !== null) return { state, note };
    }
    const { tables, head, marks } = this.#store;
    return { state: tables.length + head + marks.length === 0 ? 'empty' : 'other', note: null };
  }

  async begin(facts: StoreFacts, note: string): Promise<void> {
    for (const { dataset, trimmedTo } of facts.datasets) {
      const table = new MemoryTable(dataset);
      table.settle(trimmedTo);
      this.#store.setTable(table);
    }
    this.#store.adopt(facts.head, facts.origins);
    this.#note('unfinished', note);
  }

  async addRows(dataset: Dataset, part: StorePart, batch: RecordBatch, note: string): Promise<void> {
    const table = this.#store.table(dataset);
    for (const row of readRows(storedColumns(dataset, part), batch)) {
      if (part === 'current') table.adopt(recordOf(row, dataset), Number(row[5]));
      else adoptFormer(table, row, dataset);
    }
    this.#note('unfinished', note);
  }

  async addMarks(marks: readonly DatedMark[], note: string): Promise<void> {
    for (const mark of marks) this.#store.adoptMark(mark);
    this.#note('unfinished', note);
  }

  async reading(): Promise<StoreExport> {
    for (const table of this.#store.tables) table.settle(table.trimmedTo);
    return new MemoryExport(this.#store);
  }

  async finish(note: string): Promise<void> {
    this.#store.forgetMarks(MIGRATION_MARK, END_OF_TIME);
    this.#note('finished', note);
  }

  async close(): Promise<void> {}

  #note(key: string, value: string): void {
    this.#store.adoptMark({ kind: MIGRATION_MARK, key, value, madeAt: timestampOf(Date.now()) });
  }
}

function recordOf([id, createdAt, updatedAt, version, seq, , ...values]: Row, { properties }: Dataset) {
  return {
    id: String(id),
    createdAt: String(createdAt),
    updatedAt: String(updatedAt),
    version: Number(version),
    seq: Number(seq),
    row: values.slice(0, properties.length),
  };
}

function adoptFormer(table: MemoryTable, row: Row, dataset: Dataset): void {
  const [toSeq, toAt, toOrigin, deleted] = row.slice(-4);
  const entry = {
    record: recordOf(row, dataset),
    toSeq: Number(toSeq),
    toAt: String(toAt),
    deleted: deleted === true,
  };
  table.adoptFormer(entry, Number(row[5]), Number(toOrigin));
}
