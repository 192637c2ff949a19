import { describe, expect, test } from 'vitest';
import { BIGINT, column } from '#domain/analysis/column.ts';
import { DataForgeError } from '#domain/errors.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import { NEVER } from '../call.ts';
import type { ComputedTable } from '../ports/processor.ts';
import { AdmissionQueue } from '../records/admission.ts';
import type { AnalysisSubject } from './analysis-run.ts';
import { AnalysisRuns, type AnalysisRunsOptions } from './analysis-runs.ts';

const COLUMNS = [column('v', BIGINT)];
const ROW_BYTES = 8;

function runsWith(options: Partial<AnalysisRunsOptions> = {}): AnalysisRuns {
  let now = 0;
  return new AnalysisRuns({
    clock: { now: () => ++now, elapsed: () => now },
    telemetry: { ran: () => {}, note: () => {}, warn: () => {} },
    recorder: { begin: () => ({ tell: () => {}, end: () => {}, discard: () => {} }) },
    gate: new AdmissionQueue({ places: 1, maxWaiting: 2 }),
    timeout: 60_000,
    maxResultBytes: 1000,
    maxKeptBytes: 1000,
    maxKept: 3,
    stopping: NEVER,
    ...options,
  });
}

const about = (key: string): AnalysisSubject => {
  return { caller: 'ann', dataset: 'wells', operation: 'group', parameters: {}, processor: 'duckdb', lack: null, key };
};

const tableOf = (rows: number) => async (): Promise<ComputedTable> => ({
  columns: COLUMNS,
  batches: (async function* () {
    for (let row = 0; row < rows; row++) yield writeRows(COLUMNS, [[BigInt(row)]]);
  })(),
});

/** Work that goes on until it is ended. */
const endless = (signal: AbortSignal) =>
  new Promise<ComputedTable>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('the analyses under way and kept', () => {
  test('keep a result and what led to it', async () => {
    const runs = runsWith();
    const { id } = runs.start(about('a'), async (_signal, progress) => {
      progress.rowsRead(7);
      progress.log('half way');
      return tableOf(2)();
    });
    await runs.settled(id, 1000, NEVER);
    const run = runs.get(id);
    expect(run).toMatchObject({
      state: 'done',
      rowsRead: 7,
      rowsOut: 2,
      error: null,
      result: { rows: 2, bytes: 2 * ROW_BYTES },
    });
    expect(run.log.map(({ message }) => message)).toEqual([
      'group of wells is queued for duckdb',
      'begun',
      'half way',
      'done: 2 rows, 16 bytes',
    ]);
    expect(runs.findDone('a')?.id).toBe(id);
    expect(runs.findDone('b')).toBeNull();
  });

  test('wait no longer than is asked, and queue behind each other', async () => {
    const runs = runsWith();
    const first = runs.start(about('a'), endless);
    const second = runs.start(about('b'), tableOf(1));
    await runs.settled(second.id, 10, NEVER);
    expect([first.state, second.state, runs.running]).toEqual(['running', 'queued', 2]);
    await runs.cancel(first.id);
    await runs.settled(second.id, 1000, NEVER);
    expect([first.state, second.state, runs.running]).toEqual(['cancelled', 'done', 0]);
    expect(first.error).toMatchObject({ code: 'cancelled' });
  });

  test('refuse when too many are in line', async () => {
    const runs = runsWith();
    const started = ['a', 'b', 'c', 'd'].map((key) => runs.start(about(key), endless));
    await runs.settled(started[3]?.id ?? '', 1000, NEVER);
    expect(started[3]?.error).toMatchObject({ code: 'too_many_requests' });
    await runs.close();
    expect(runs.list()).toEqual([]);
  });

  test('end what takes too long or becomes too large', async () => {
    const slow = runsWith({ timeout: 10 });
    const { id } = slow.start(about('a'), endless);
    await slow.settled(id, 1000, NEVER);
    expect(slow.get(id)).toMatchObject({ state: 'failed', error: { code: 'query_timeout' } });
    const large = runsWith({ maxResultBytes: 3 * ROW_BYTES });
    const run = large.start(about('a'), tableOf(4));
    await large.settled(run.id, 1000, NEVER);
    expect(run).toMatchObject({ state: 'failed', result: null, error: { code: 'too_large' } });
    expect(large.findDone('a')).toBeNull();
  });

  test('forget the oldest first, by number and by bytes; one that was asked for again is not old', async () => {
    const runs = runsWith({ maxKeptBytes: 5 * ROW_BYTES });
    const finish = async (key: string, rows: number) => {
      const { id } = runs.start(about(key), tableOf(rows));
      await runs.settled(id, 1000, NEVER);
      return id;
    };
    const a = await finish('a', 2);
    await finish('b', 2);
    expect(runs.findDone('a')?.id).toBe(a);
    await finish('c', 3);
    expect(runs.findDone('b')).toBeNull();
    expect(runs.findDone('a')).not.toBeNull();
    expect(runs.keptBytes).toBe(5 * ROW_BYTES);
    await finish('d', 0);
    await finish('e', 0);
    expect(runs.list()).toHaveLength(3);
  });

  test('make nobody wait for a server that stops', async () => {
    const stopping = new AbortController();
    const runs = runsWith({ stopping: stopping.signal });
    const run = runs.start(about('a'), endless);
    const waiting = runs.settled(run.id, 60_000, NEVER);
    stopping.abort();
    await waiting;
    expect(run.state).toBe('running');
    await runs.close();
    expect(run).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
  });

  test('tell what failed inside from what was refused', async () => {
    const warned: unknown[] = [];
    const runs = runsWith({ telemetry: { ran: () => {}, note: () => {}, warn: (_, facts) => warned.push(facts) } });
    const failed = runs.start(about('a'), async () => {
      throw new TypeError('ours');
    });
    const refused = runs.start(about('b'), async () => {
      throw new DataForgeError('invalid_value', 'Not these.');
    });
    await runs.settled(refused.id, 1000, NEVER);
    expect([failed.error?.code, refused.error?.message]).toEqual(['internal', 'Not these.']);
    expect(warned).toMatchObject([
      { dataset: 'wells', operation: 'group', processor: 'duckdb', err: { message: 'ours' } },
    ]);
    expect(() => runs.get('nobody')).toThrow('There is no analysis "nobody"');
  });
});
