import type { WriteRequest } from '#domain/record/change.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import { RECORDS_ORIGIN } from './record-change.ts';

/** The mark in which an instance says when it was last there, while it has runs that are recorded as running. */
export const INSTANCE_MARK = 'run-instance';

/** An instance that has been silent for so long is gone. */
const SILENCE = 120_000;

export function markAlive(instance: string, clock: Clock): WriteRequest {
  const marks = [{ kind: INSTANCE_MARK, key: instance, value: String(clock.now()) }];
  return { changes: [], marks, origin: RECORDS_ORIGIN };
}

export async function isAlive(instance: string, writer: RecordWriter, clock: Clock): Promise<boolean> {
  const value = await writer.readMark(INSTANCE_MARK, instance);
  return value !== null && clock.now() - Number(value) < SILENCE;
}
