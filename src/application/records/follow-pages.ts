import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Condition } from '#domain/query/evaluate.ts';
import type { Call } from '../call.ts';
import { abortError } from '../time-limit.ts';
import type { ChangeTail } from './change-tail.ts';
import { type FollowedChange, tellChange } from './follow-filter.ts';

export interface FollowedPage {
  readonly changes: readonly FollowedChange[];
  /** All changes up to this number were told or passed over. */
  readonly next: number;
}

interface Followed {
  readonly tail: ChangeTail;
  readonly dataset: Dataset;
  /** Null for all rows. */
  readonly matches: Condition | null;
  /** Changes behind this number. */
  readonly since: number;
  /** Milliseconds of silence after which an empty page is given. */
  readonly heartbeat: number;
  readonly call: Call;
  /** Fires when the server is told to stop. */
  readonly stopping: AbortSignal;
}

/**
 * The changes of a dataset from a number on, told to one who follows a filter. Never ends by itself, but when the server
 * is told to stop.
 */
export async function* followPages(followed: Followed): AsyncGenerator<FollowedPage> {
  const { tail, dataset, matches, heartbeat, call, stopping } = followed;
  const bell = new Bell();
  const stop = tail.onCommit(dataset, () => bell.ring());
  const wake = () => bell.ring();
  const signals = [call.signal, stopping];
  for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
  let { since } = followed;
  let quietFrom = performance.now();
  try {
    while (!stopping.aborted) {
      if (call.signal.aborted) throw abortError(call.signal);
      const page = await call.observation.timeAsync('engine', () => tail.read(dataset, since, matches !== null));
      const told = page.changes.flatMap((change) => tellChange(change, matches));
      since = page.next;
      const silence = performance.now() - quietFrom;
      if (told.length === 0 && page.changes.length === 0 && !page.hasMore) await bell.rings(heartbeat - silence);
      if (told.length === 0 && performance.now() - quietFrom < heartbeat) continue;
      call.observation.rows += told.length;
      yield { changes: told, next: since };
      quietFrom = performance.now();
    }
  } finally {
    stop();
    for (const signal of signals) signal.removeEventListener('abort', wake);
  }
}

/** Remembers that it was rung until somebody listens, so that nothing is missed between reading and waiting. */
class Bell {
  #rung = false;
  #listener: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#listener?.();
  }

  /** @returns whether it was rung within so many milliseconds, or before */
  async rings(milliseconds: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, milliseconds));
        this.#listener = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#listener = null;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
