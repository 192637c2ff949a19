import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { rowRenderer } from '#formats/json/render-record.ts';
import { readCsvRows } from '#formats/rows/read-csv-rows.ts';
import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { collect, inPieces } from '../support/bytes.ts';
import { StoreDriver } from '../support/store-driver.ts';
import { HOSTILE_CELLS, ODD_RECORDS } from './roads/csv-rows.ts';
import { comparable, type Verdict, valueIn } from './roads/judge.ts';
import { ROADS } from './roads/roads-dataset.ts';
import { standingData } from './roads/standing.ts';
import type { OpenedEngine } from './storage/contract-context.ts';

const NAMES = ROADS.properties.map(({ name }) => name);

/** Sends CSV that is odd in every way, and compares what becomes of it with what the exact reader says. */
export function describeCsvRoads(name: string, open: () => Promise<OpenedEngine>, options = { alone: true }): void {
  describe(`CSV into ${name}`, () => {
    let opened: OpenedEngine;
    let store: StoreDriver;
    beforeAll(async () => {
      opened = await open();
      store = new StoreDriver(opened.engine);
      await store.use(ROADS);
    });
    afterEach(() => clear());
    afterAll(() => opened.dispose());

    test.runIf(options.alone)('each cell by itself', async () => {
      const wrong: unknown[] = [];
      for (const [of, cell, back] of HOSTILE_CELLS) {
        const other = of === 'small' ? 'int' : 'small';
        for (const body of [`${of},${other}\n${cell},7\n`, `${other},${of}\n,${cell}\n`]) {
          const counts = await store.load(ROADS, body, { format: 'csv', onInvalid: 'reject', pieces: 100_000 });
          const [record] = await standingData(store, ROADS);
          const got = counts.rejected > 0 || record === undefined ? null : valueIn(record, of);
          if (got !== back || counts.created + counts.rejected !== 1) wrong.push({ body, back, got, counts });
          await clear();
        }
      }
      expect(wrong.slice(0, 20)).toEqual([]);
    });

    test.runIf(options.alone).each([
      ['\n', ''],
      ['\r\n', ''],
      ['\n', '\ufeff'],
    ])('records that are odd, each by itself, ending in %j after %j', async (lineEnd, mark) => {
      for (const record of ODD_RECORDS) {
        await compare(`${mark}text,big,flag${lineEnd}x,5,false${lineEnd}${record}${lineEnd}`);
        await compare(`${mark}text,big,flag${lineEnd}${record}${lineEnd}x,5,false${lineEnd}y,6,true`);
        await compare(`${mark}text,big,flag${lineEnd}${record}`);
      }
    });

    test('one column', async () => {
      for (const body of ['text\na\n\nb\n""\n', 'text\n\n', 'text', 'text\n', '"text"\na\n', 'big\n1\n\n2\n']) {
        await compare(body);
      }
    });

    test('headers', async () => {
      for (const header of [
        '"text","big"',
        '"te""xt",big',
        '"text\n",big',
        'big,text,id',
        'text,big,version',
        ' text,big',
        'TEXT,big',
        'text,',
        'text,text',
        '',
      ]) {
        await compare(`${header}\n1,2\n`);
        await compare(`${header}\n1,2,0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d\n`);
      }
    });

    test('all together, over the borders of blocks', async () => {
      const line = (of: string, cell: string) => NAMES.map((name) => (name === of ? cell : '')).join(',');
      const cells = HOSTILE_CELLS.filter(([, cell]) => cell !== '"a');
      const rows = cells.map(([of, cell], at) => `${line(of, cell)}\n${line('text', `"line ${at}\nwith ""two"""`)}`);
      await compare(`${NAMES.join(',')}\n${rows.join('\n')}\n`);
      await compare(`${NAMES.join(',')}\r\n${rows.join('\r\n')}`);
      await compare(`\ufeff${NAMES.join(',')}\n${rows.join('\n\n')}\n`);
    });

    test('long plain bodies, over the borders of blocks', async () => {
      const rows = Array.from({ length: 600 }, (_, at) => `${at % 7 === 0 ? '' : `t${at}`},${at},${at % 3 === 0}`);
      await compare(`text,big,flag\n${rows.join('\n')}\n`);
      await compare(`text,big,flag\n${rows.join('\n')}\n`, 11);
      await compare(`text,big,flag\r\n${rows.join('\r\n')}`, 64);
      await compare(`text,big,flag\n${rows.map((row, at) => (at === 400 ? `${row},` : row)).join('\n')}\n`);
      await compare(`text,big,flag\n${rows.map((row, at) => (at === 400 ? `bad${row}"` : row)).join('\n')}\n`);
    });

    async function compare(body: string, pieces = 777): Promise<void> {
      const wanted = await verdicts(body);
      const load = store.load(ROADS, body, { format: 'csv', onInvalid: 'reject', pieces });
      if (wanted instanceof Error) {
        const { code, message } = wanted as Error & { code: string };
        await expect(load, body).rejects.toMatchObject({ code, message });
        return;
      }
      const counts = await load;
      const got = {
        stored: await standingData(store, ROADS),
        rejected: counts.rejections.map(({ line, errors }) => ({
          line,
          refused: errors.map(({ message }) => message),
        })),
      };
      expect(got, JSON.stringify(body).slice(0, 2000)).toEqual(wanted);
      await clear();
    }

    async function clear(): Promise<void> {
      await store.change({ kind: 'delete-matching', dataset: ROADS, filter: null });
    }
  });
}

/** What the exact reader makes of a body. */
async function verdicts(body: string): Promise<{ stored: string[]; rejected: unknown[] } | Error> {
  let rows: UploadedRow[];
  try {
    const validator = compileRowValidator(ROADS, compileRe2);
    rows = await collect(readCsvRows(inPieces(body, 1_000_000), validator, { maxRowBytes: 1e6 }));
  } catch (error) {
    return error as Error;
  }
  const render = rowRenderer(ROADS, null);
  const refused = (row: UploadedRow & { ok: false }): Verdict & { line: number } => {
    return { line: row.line, refused: row.faults.map(({ message }) => message) };
  };
  return {
    stored: rows.flatMap((row) => (row.ok ? [comparable(render(row.row))] : [])),
    rejected: rows.flatMap((row) => (row.ok ? [] : [refused(row)])),
  };
}
