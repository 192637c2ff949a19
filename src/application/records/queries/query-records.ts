import { DataForgeError } from '#domain/errors.ts';
import { decodeCursor, encodeCursor } from '#domain/query/cursor.ts';
import type { PageQuery, Position, RecordQuery } from '#domain/query/query.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { RecordPage, RecordReader } from '../../ports/record-reader.ts';
import { withTimeLimit } from '../../time-limit.ts';
import { runGated } from '../admission.ts';
import { openDataset } from '../open-dataset.ts';
import { type RawQuery, readCount, readQuery } from '../read-query.ts';

export interface QueryRecordsRequest extends RawQuery {
  readonly schema: string;
  /** From 1; null for the first, or with a cursor for the one it leads to. */
  readonly page: number | null;
  readonly size: number | null;
  readonly cursor: string | null;
}

export interface QueryRecordsResult {
  readonly schema: string;
  readonly records: readonly RenderedRecord[];
  readonly total: number;
  readonly page: number;
  readonly size: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  readonly nextCursor: string | null;
  /** What leads to the records behind one of these, by its place on the page. */
  cursorAt(index: number): string;
}

interface QueryRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly reader: RecordReader;
  readonly gate: AdmissionGate;
  readonly limits: Limits;
}

/** One page of records with the total, from one snapshot. */
export function queryRecords({ catalog, reader, gate, limits }: QueryRecordsPorts) {
  return async (request: QueryRecordsRequest, call: Call): Promise<QueryRecordsResult> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    const query = readQuery(dataset, request, limits, call.observation);
    const size = readCount(
      request.size,
      { name: 'size', least: 1, most: limits.maxPageSize, default: limits.defaultPageSize },
      'invalid_page',
    );
    const start = readStart(query, request, size);
    return withTimeLimit(call.signal, limits.queryTimeout, async (signal) => {
      const read = (asked: PageQuery) =>
        runGated(gate, signal, call.observation, () => reader.page(asked, { at: null, signal }));
      const page = { ...query, size, start: start.at };
      call.observation.explain = () => reader.explain(page);
      const found = await read(page);
      const { records, total, last } = found;
      const cursor = (position: Position, passed: number) => `${encodeCursor(query, position)}.${passed}`;
      call.observation.rows += records.length;
      const passed = start.passed + records.length;
      const hasNext =
        last !== null &&
        (await hasMore(found, size, passed, start.at.kind, () =>
          read({ ...query, size: 1, start: { kind: 'after', position: last } }),
        ));
      return {
        schema: dataset.name,
        records,
        total,
        page: Math.floor(start.passed / size) + 1,
        size,
        hasNext,
        hasPrevious: start.passed > 0,
        nextCursor: hasNext ? cursor(last, passed) : null,
        cursorAt: (index) => cursor(found.positionAt(index), start.passed + index + 1),
      };
    });
  };
}

type Start = { readonly at: PageQuery['start']; readonly passed: number };

/** A cursor is a place, and behind a dot how many records came before it, so that a page knows its number. */
function readStart(query: RecordQuery, { page, cursor }: QueryRecordsRequest, size: number): Start {
  if (cursor === null) {
    const most = Math.floor(Number.MAX_SAFE_INTEGER / size);
    const offset = (readCount(page, { name: 'page', least: 1, most, default: 1 }, 'invalid_page') - 1) * size;
    return { at: { kind: 'offset', offset }, passed: offset };
  }
  if (page !== null) {
    throw new DataForgeError('invalid_page', 'page and cursor both say where to start; send one of them.', {
      faults: [{ pointer: '/page', message: 'leave it out where there is a cursor' }],
    });
  }
  const parts = /^(.*?)(?:\.(\d{1,15}))?$/s.exec(cursor);
  const position = decodeCursor(query, parts?.[1] ?? '');
  return { at: { kind: 'after', position }, passed: Number(parts?.[2] ?? 0) };
}

/**
 * Whether records come behind this page. The count tells, but for a page behind a cursor whose records before it may
 * have become fewer: there a full page that seems to be the last has to be looked behind.
 */
async function hasMore(
  { records, total }: RecordPage,
  size: number,
  passed: number,
  kind: PageQuery['start']['kind'],
  lookBehind: () => Promise<RecordPage>,
): Promise<boolean> {
  if (records.length < size) return false;
  if (kind === 'offset') return passed < total;
  return (await lookBehind()).records.length > 0;
}
