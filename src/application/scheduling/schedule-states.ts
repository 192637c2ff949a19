import type { RecordWriter } from '../ports/record-writer.ts';

/** How far a schedule has come. Times in milliseconds since 1970. */
export interface ScheduleState {
  /** Times up to this one are done with; changes and runs up to it have been answered, where those are the trigger. */
  readonly settled: number;
  /** What somebody is about to begin; it counts as begun once it is gone. */
  readonly claim: { readonly by: string; readonly at: number; readonly settled: number } | null;
  /** Set by a person; null where what the file says holds. */
  readonly paused: boolean | null;
}

const KIND = 'schedule';
const ORIGIN = { caller: 'system', run: null };

/** States of schedules in the marks of the store: of several instances that move one on, one does. */
export class ScheduleStates {
  readonly #writer: RecordWriter;

  constructor(writer: RecordWriter) {
    this.#writer = writer;
  }

  async read(name: string): Promise<ReadState> {
    const text = await this.#writer.readMark(KIND, name);
    return { state: text === null ? null : (JSON.parse(text) as ScheduleState), text };
  }

  /** @returns false where somebody else was quicker */
  async move(name: string, from: ReadState, state: ScheduleState): Promise<ReadState | null> {
    const text = JSON.stringify(state);
    const guards = [{ kind: KIND, key: name, value: from.text }];
    const marks = [{ kind: KIND, key: name, value: text }];
    const [outcome] = await this.#writer.commit([{ changes: [], marks, guards, origin: ORIGIN }]);
    if (outcome?.ok) return { state, text };
    if ((outcome?.error as { readonly code?: string } | undefined)?.code === 'version_moved') return null;
    throw outcome?.error ?? new TypeError('a commit of one request has one outcome');
  }
}

/** A state as it was read, and the text that it was. */
export interface ReadState {
  readonly state: ScheduleState | null;
  readonly text: string | null;
}
