import type { Change, ChangeResult } from '#domain/record/change.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Call } from '../call.ts';
import type { WriteGatherer } from './gather-writes.ts';
import type { Answered, IdempotencyKeeper, Once } from './idempotency.ts';

/** The road of small writes: once where the caller asked for that, gathered with what others write. */
export class RecordWrites {
  readonly #gatherer: WriteGatherer;
  readonly #keeper: IdempotencyKeeper;

  constructor(gatherer: WriteGatherer, keeper: IdempotencyKeeper) {
    this.#gatherer = gatherer;
    this.#keeper = keeper;
  }

  /** Writes changes that stand or fall together; `toResult` says what their results mean to the use case. */
  commit(changes: readonly Change[], call: Call): Promise<readonly ChangeResult[]> {
    return this.#gatherer.submit(
      { changes, marks: [], origin: { caller: call.caller.name, run: null } },
      call.observation,
    );
  }

  /** The same, but a request that was answered before gets that answer again. */
  async commitOnce<T>(
    changes: readonly Change[],
    once: Once<T> | null,
    call: Call,
    toResult: (results: readonly ChangeResult[]) => T,
  ): Promise<Answered<T>> {
    if (once === null) return { replayed: null, result: toResult(await this.commit(changes, call)) };
    return this.#keeper.run(once, async (mark) => {
      const marks =
        mark === null ? [] : [{ ...mark, value: (results: readonly ChangeResult[]) => mark.value(toResult(results)) }];
      const origin = { caller: call.caller.name, run: null };
      return toResult(await this.#gatherer.submit({ changes, marks, origin }, call.observation));
    });
  }
}

/** The record that stands after a change of one record. */
export function recordOf(result: ChangeResult | undefined): StoredRecord {
  if (result === undefined || result.kind === 'deleted')
    throw new TypeError('the writer gave no record for a change of one');
  return result.record;
}
