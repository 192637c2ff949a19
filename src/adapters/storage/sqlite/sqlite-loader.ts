import { rm } from 'node:fs/promises';
import type { BulkCounts, BulkLoader, BulkRequest } from '#application/ports/bulk-loader.ts';
import { abortable, throwIfAborted } from '../shared/abort.ts';
import { matchParquetColumns, type ParquetColumn } from '../shared/parquet-columns.ts';
import { newSpoolFile, type ReceivedBody, receiveBody } from '../shared/spool.ts';
import type { SqliteStore } from './sqlite-store.ts';

/**
 * Bulk loads: the body is received whole, however slowly it comes, and then stored on the writer's thread as one commit,
 * for which small writes wait.
 */
export class SqliteLoader implements BulkLoader {
  readonly #store: SqliteStore;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  async load(request: BulkRequest): Promise<BulkCounts> {
    const { dataset, format, onInvalid, onConflict, marks, guards, origin, returnRecords, removesOthers, signal } =
      request;
    const { spoolDir, parquet } = this.#store;
    throwIfAborted(signal);
    const isParquet = format === 'parquet';
    const files: string[] = [];
    const newFile = () => {
      const file = newSpoolFile(spoolDir, format);
      files.push(file);
      return file;
    };
    try {
      let body: ReceivedBody = await receiveBody(abortable(request.body, signal), newFile, isParquet ? 0 : undefined);
      if (isParquet && 'file' in body) {
        const arrow = newFile();
        const check = (columns: readonly ParquetColumn[]) => void matchParquetColumns(dataset, columns);
        await (await parquet()).toArrow(body.file, arrow, check, signal);
        body = { file: arrow };
      }
      throwIfAborted(signal);
      const hasMarks = marks.length > 0;
      const asked = {
        dataset,
        onInvalid,
        onConflict,
        origin,
        returnRecords,
        ...(removesOthers && { removesOthers }),
        ...(guards && { guards }),
        hasMarks,
      };
      const answer = (counts: BulkCounts) => marks.map(({ kind, key, value }) => ({ kind, key, value: value(counts) }));
      const { counts, committed } = await this.#store.writer.call(
        'load',
        { ...asked, format: isParquet ? 'arrow' : format, body },
        { signal, answer },
      );
      if (committed !== null) this.#store.committed(committed);
      return counts;
    } finally {
      for (const file of files) await rm(file, { force: true });
    }
  }
}
