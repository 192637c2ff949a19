import type { Call } from '#application/call.ts';
import { DataForgeError } from '#domain/errors.ts';

/** The flights that are under way by their tickets, so that whoever asked for one can end it from another call. */
export class RunningFlights {
  readonly #running = new Map<string, Set<AbortController>>();

  /**
   * Does the work of a ticket under a signal that `cancel` fires too.
   * @throws DataForgeError `cancelled` where it was fired, however the work took it: a part is never told as the whole
   */
  async run(ticket: Uint8Array, call: Call, work: (call: Call) => Promise<void>): Promise<void> {
    const key = keyOf(ticket, call);
    const controller = new AbortController();
    const others = this.#running.get(key) ?? new Set();
    this.#running.set(key, others.add(controller));
    try {
      await work({ ...call, signal: AbortSignal.any([call.signal, controller.signal]) });
    } finally {
      others.delete(controller);
      if (others.size === 0) this.#running.delete(key);
      controller.signal.throwIfAborted();
    }
  }

  /** @returns whether a flight of the same caller with this ticket was under way */
  cancel(ticket: Uint8Array, call: Call): boolean {
    const running = this.#running.get(keyOf(ticket, call));
    for (const controller of running ?? []) {
      controller.abort(new DataForgeError('cancelled', 'The flight was cancelled by its client.'));
    }
    return running !== undefined;
  }
}

function keyOf(ticket: Uint8Array, { caller }: Call): string {
  return `${caller.name}\n${Buffer.from(ticket).toString('latin1')}`;
}
