import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bytesOf } from '../support/bytes.ts';
import { StoreDriver } from '../support/store-driver.ts';
import { ARROW_CELLS, arrowOf } from './roads/arrow-cells.ts';
import { HOSTILE_VALUES } from './roads/hostile-values.ts';
import { valueIn } from './roads/judge.ts';
import { ROADS } from './roads/roads-dataset.ts';
import { standing, standingData } from './roads/standing.ts';
import { TYPED_CELLS, WRONG_COLUMNS } from './roads/typed-cells.ts';
import type { OpenedEngine } from './storage/contract-context.ts';

/** Sends typed columns, and reads every export back. */
export function describeTypedRoads(name: string, open: () => Promise<OpenedEngine>, { parquet = true } = {}): void {
  describe(`typed columns into ${name}`, () => {
    let opened: OpenedEngine;
    let store: StoreDriver;
    let folder: string;
    let maker: DuckDBConnection;
    beforeAll(async () => {
      opened = await open();
      store = new StoreDriver(opened.engine);
      await store.use(ROADS);
      folder = await mkdtemp(join(tmpdir(), 'data-forge-roads-'));
      maker = await (await DuckDBInstance.create(':memory:')).connect();
      await maker.run(`SET TimeZone = 'UTC'`);
    });
    afterEach(() => clear());
    afterAll(async () => {
      await opened.dispose();
      maker.closeSync();
      await rm(folder, { recursive: true, force: true });
    });

    /** The second column makes the quick reader unsure of the row, so that the value goes the slow road. */
    const besides = (of: string) => (of === 'extra' ? `'[1, 2]' AS list` : `'{"b": 1}' AS extra`);

    test.runIf(parquet)('Parquet: each value, sure and not sure', { timeout: 60_000 }, async () => {
      const wrong: unknown[] = [];
      for (const [of, sql, back] of TYPED_CELLS) {
        for (const columns of [`${sql} AS ${of}`, `${sql} AS ${of}, ${besides(of)}`]) {
          const fate = await fateOf(of, `SELECT ${columns}`).catch((error) => error.code);
          if (fate !== back) wrong.push({ columns, back, fate });
        }
      }
      expect(wrong.slice(0, 30)).toEqual([]);
    });

    test.runIf(parquet)('Parquet: columns of a type that does not fit', async () => {
      for (const [of, sql] of WRONG_COLUMNS) {
        const body = await parquetOf(`SELECT ${sql} AS ${of}`);
        const load = store.load(ROADS, body, { format: 'parquet', onInvalid: 'reject' });
        await expect(load, sql).rejects.toMatchObject({ code: 'invalid_body' });
      }
    });

    test.runIf(parquet && !name.includes('block'))(
      'Parquet: more unsure rows than are read at once, none lost',
      { timeout: 60_000 },
      async () => {
        const rows = 120_000;
        const body = await parquetOf(
          `SELECT i AS big, '{"n": ' || i || '}' AS extra, if(i % 50000 = 49999, 'x' || chr(0), 'x') AS text FROM range(${rows}) t(i)`,
        );
        const counts = await store.load(ROADS, body, { format: 'parquet', onInvalid: 'reject', pieces: 1_000_000 });
        expect(counts).toMatchObject({
          created: rows - 2,
          rejected: 2,
          rejections: [{ line: 50_000 }, { line: 100_000 }],
        });
        const [last] = await store.items(ROADS, { sort: [{ field: 'big', order: 'desc' }], size: 1 });
        expect(last?.data).toMatchObject({ big: rows - 1, extra: { n: rows - 1 } });
      },
    );

    test('Arrow: each value', async () => {
      const wrong: unknown[] = [];
      for (const cell of ARROW_CELLS) {
        const [of, type, value, back] = cell;
        const fate = await fateOfBody(of, 'arrow', arrowOf(cell)).catch((error) => error.code);
        if (fate !== back) wrong.push(`${of} ${type} ${value} → ${fate}, not ${back}`);
      }
      expect(wrong).toEqual([]);
    });

    test('every export of every value can be read back', async () => {
      const taken = HOSTILE_VALUES.filter(([, , back]) => back !== null);
      const body = taken.map(([of, sent]) => `{"${of}":${sent}}\n`).join('');
      await store.load(ROADS, body, { pieces: 10_000 });
      const before = await standing(store, ROADS);
      expect(before).toHaveLength(taken.length);
      const sorted = { sort: [{ field: '_seq' }] };
      const formats = ['ndjson', 'ndjson-flat', 'csv', 'arrow', ...(parquet ? (['parquet'] as const) : [])] as const;
      const exports = new Map<string, Uint8Array>();
      for (const format of formats) exports.set(format, await bytesOf(store.stream(ROADS, format, sorted)));
      for (const [format, bytes] of exports) {
        await clear();
        await store.load(ROADS, bytes, {
          format: format.startsWith('ndjson') ? 'ndjson' : (format as 'csv' | 'arrow' | 'parquet'),
          pieces: 5000,
        });
        expect(await standing(store, ROADS), format).toEqual(before);
      }
    });

    async function parquetOf(sql: string): Promise<Uint8Array> {
      const file = join(folder, 'rows.parquet');
      await maker.run(`COPY (${sql}) TO '${file}' (FORMAT parquet)`);
      return new Uint8Array(await readFile(file));
    }

    async function fateOf(of: string, sql: string): Promise<string | null> {
      return fateOfBody(of, 'parquet', await parquetOf(sql));
    }

    async function fateOfBody(of: string, format: 'arrow' | 'parquet', body: Uint8Array): Promise<string | null> {
      const counts = await store.load(ROADS, body, { format, onInvalid: 'reject', pieces: 100_000 });
      const [data] = await standingData(store, ROADS);
      await clear();
      expect(counts.created + counts.rejected).toBe(1);
      return data === undefined ? null : valueIn(data, of);
    }

    async function clear(): Promise<void> {
      await store.change({ kind: 'delete-matching', dataset: ROADS, filter: null });
    }
  });
}
