import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { EventLane, type LanePorts } from './event-lane.ts';
import type { PushedEvent, TakenEvents } from './pushed-event.ts';

/** Requests and bytes of them that may wait, of all pipelines together. */
const MOST_WAITING = 8192;
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/** Takes events for pipelines: those that come while a batch is stored are the next batch. */
export class EventIntake {
  readonly #ports: LanePorts;
  readonly #lanes = new Map<string, EventLane>();
  #waiting = 0;
  #waitingBytes = 0;

  constructor(ports: LanePorts) {
    this.#ports = ports;
  }

  /**
   * @returns when the events are on disk
   * @throws DataForgeError `too_many_requests`, `unavailable` where the pipeline is held, `invalid_value`, `invalid_body`,
   * `key_exists` where events do not fit; nothing of the request is stored then
   */
  async take(pipeline: RowPipeline, events: readonly PushedEvent[]): Promise<TakenEvents> {
    const bytes = events.reduce((sum, { rows }) => sum + rows.length, 0);
    const isFull = this.#waiting >= MOST_WAITING || this.#waitingBytes + bytes > MOST_WAITING_BYTES;
    if (isFull && this.#waiting > 0) {
      const message = 'Too many events wait already; send these again in a moment.';
      throw new DataForgeError('too_many_requests', message, { retryable: true });
    }
    this.#waiting++;
    this.#waitingBytes += bytes;
    try {
      return await this.#laneOf(pipeline).take(pipeline, events);
    } finally {
      this.#waiting--;
      this.#waitingBytes -= bytes;
    }
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drained()));
  }

  #laneOf({ name }: RowPipeline): EventLane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = new EventLane(this.#ports);
    this.#lanes.set(name, lane);
    return lane;
  }
}
