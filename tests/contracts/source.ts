import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source, SourceBatch, SourceOpening } from '#application/ports/source.ts';
import { readGroup } from '#domain/file/option-group.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import { type JsonObject, jsonFrom } from '#domain/record/json.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { WebClient } from '#infrastructure/web-client.ts';

/** A place that a source reads from, which the suite fills and breaks. */
export interface SourceFixture {
  /** What a pipeline file says of it, without `kind`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Makes rows with these ids the ones that the place has, in this order. */
  fill(ids: readonly number[]): Promise<void>;
  /** A part of the first 500 rows by the field that the options read incrementally by, where they name one. */
  readonly window?: {
    readonly from: string;
    readonly to: string;
    readonly ids: readonly [first: number, last: number];
  };
  /** Makes the next reading fail, in a way that may pass, when about half of the rows have been given. */
  failOnce(): Promise<void>;
  close(): Promise<void>;
}

export interface SourceContract {
  readonly source: Source;
  open(folder: string): Promise<SourceFixture>;
  /** What the suite asks and this kind cannot do, with the reason. */
  readonly lacks?: Readonly<Partial<Record<'resume' | 'failure' | 'new-rows', string>>>;
  readonly secrets?: Readonly<Record<string, string>>;
}

const ROWS = Array.from({ length: 500 }, (_, at) => at + 1);

/** What every source must do, whatever it reads from. */
export function sourceContract(name: string, { source, open, lacks = {}, secrets = {} }: SourceContract): void {
  describe(`the source ${name}`, () => {
    let folder: string;
    let fixture: SourceFixture;
    const web = new WebClient({ privateAddresses: 'allow' });

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'data-forge-source-'));
      fixture = await open(folder);
    });

    afterAll(async () => {
      await fixture.close();
      await web.close();
      await rm(folder, { recursive: true, force: true });
    });

    function options(): unknown {
      const faults: { pointer: string; message: string }[] = [];
      const read = readGroup(jsonFrom(fixture.options) as JsonObject, source.options, {
        pointer: '',
        path: '',
        faults,
      });
      expect(faults).toEqual([]);
      return read;
    }

    function opened(cursor: Cursor | null, changes: Partial<SourceOpening> = {}): AsyncIterable<SourceBatch> {
      return source.open(options(), {
        cursor,
        web,
        folder,
        clock: systemClock,
        secrets: { get: (secret) => secrets[secret] ?? `secret of ${secret}`, redact: (text) => text },
        batch: { bytes: 4000, time: 10_000 },
        signal: new AbortController().signal,
        caller: 'tests',
        note: () => {},
        ...changes,
      });
    }

    test('gives every row once, in batches of about the size asked for, and a cursor that JSON can hold', async () => {
      await fixture.fill(ROWS);
      const read: number[] = [];
      let batches = 0;
      for await (const batch of opened(null)) {
        const ids = await idsOf(batch);
        if (ids.length > 0) batches++;
        read.push(...ids);
        const cursor = batch.cursor();
        expect(JSON.parse(JSON.stringify(cursor))).toEqual(cursor);
      }
      expect(read).toEqual(ROWS);
      expect(batches).toBeGreaterThan(1);
    });

    test('goes on from the cursor of any batch with the rows behind it', async () => {
      if (lacks.resume !== undefined) return;
      await fixture.fill(ROWS);
      const cursors: { cursor: Cursor; before: number }[] = [];
      let before = 0;
      for await (const batch of opened(null)) {
        before += (await idsOf(batch)).length;
        cursors.push({ cursor: JSON.parse(JSON.stringify(batch.cursor())), before });
      }
      for (const { cursor, before } of cursors.slice(0, -1)) {
        expect(await allIds(opened(cursor)), `behind ${before}`).toEqual(ROWS.slice(before));
      }
    });

    test('gives only what is new to the next run', async () => {
      if (lacks['new-rows'] !== undefined) return;
      await fixture.fill(ROWS);
      let cursor: Cursor | null = null;
      for await (const batch of opened(null)) {
        await idsOf(batch);
        cursor = batch.cursor();
      }
      expect(await allIds(opened(cursor))).toEqual([]);
      await fixture.fill([...ROWS, 501, 502]);
      expect(await allIds(opened(cursor))).toEqual([501, 502]);
    });

    test('gives the rows of a window, and goes on within it from the cursor of any batch', async () => {
      if ((source.windowField?.(options()) ?? null) === null) {
        expect(fixture.window).toBeUndefined();
        return;
      }
      if (fixture.window === undefined) throw new Error('the fixture has to name a window of its rows');
      const { ids, ...window } = fixture.window;
      await fixture.fill(ROWS);
      const wanted = ROWS.filter((id) => id >= ids[0] && id <= ids[1]);
      const cursors: { cursor: Cursor; before: number }[] = [];
      const read: number[] = [];
      for await (const batch of opened(null, { window })) {
        read.push(...(await idsOf(batch)));
        cursors.push({ cursor: JSON.parse(JSON.stringify(batch.cursor())), before: read.length });
      }
      expect(read).toEqual(wanted);
      for (const { cursor, before } of cursors) {
        const rest = await allIds(opened(cursor, { window }));
        // Behind the end nothing is new.
        expect(rest, `behind ${before}`).toEqual(wanted.slice(before));
      }
    });

    test('tells a failure that may pass as such, and then goes on', async () => {
      if (lacks.failure !== undefined) return;
      await fixture.fill(ROWS);
      await fixture.failOnce();
      let cursor: Cursor | null = null;
      const read: number[] = [];
      const failure = await (async () => {
        for await (const batch of opened(null)) {
          const ids = await idsOf(batch);
          read.push(...ids);
          cursor = batch.cursor();
        }
      })().catch((error) => error);
      expect(failure).toMatchObject({ code: 'source_failed', retryable: true });
      expect([...read, ...(await allIds(opened(cursor)))]).toEqual(ROWS);
    });

    test('ends when it is told to, and says why', async () => {
      await fixture.fill(ROWS);
      const controller = new AbortController();
      const reason = new Error('enough');
      const read: number[] = [];
      const ended = await (async () => {
        for await (const batch of opened(null, { signal: controller.signal })) {
          read.push(...(await idsOf(batch)));
          controller.abort(reason);
        }
      })().catch((error) => error);
      expect([reason, undefined]).toContain(ended);
      expect(read).toEqual(ROWS.slice(0, read.length));
    });
  });
}

async function allIds(batches: AsyncIterable<SourceBatch>): Promise<number[]> {
  const ids: number[] = [];
  for await (const batch of batches) ids.push(...(await idsOf(batch)));
  return ids;
}

/** The ids of a batch's rows, which the fixtures put first in each. */
async function idsOf({ rows }: SourceBatch): Promise<number[]> {
  if (rows === null) return [];
  const bytes = Buffer.concat(await Array.fromAsync(rows.body));
  if (rows.format === 'arrow') return Array.from(tableFromIPC(bytes).getChild('id') ?? [], Number);
  const text = bytes.toString();
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  // A quoted value may go on in the next line.
  if (rows.format === 'csv') return lines.filter((line) => /^\d+,/.test(line)).map((line) => Number.parseInt(line, 10));
  expect(rows.format).toBe('ndjson');
  return lines.map((line) => (JSON.parse(line) as { id: number }).id);
}
