import { DataForgeError } from '#domain/errors.ts';
import type { RecordWriter } from '../ports/record-writer.ts';

/** The kind of the marks that clients set: how far they have come with a source, say. */
const KIND = 'source';
const MAX_NAME = 255;
const MAX_VALUE = 4096;
export const MAX_SOURCE_MARKS = 16;

/** Words of a client's own about the rows it sends, by name; they are kept in the very commit of the rows. */
export type SourceMarks = Readonly<Record<string, string>>;

/** @throws DataForgeError `invalid_parameter` where there are too many, or one is too long */
export function sourceMarks(dataset: string, marks: SourceMarks): { kind: string; key: string; value: string }[] {
  const entries = Object.entries(marks);
  if (entries.length > MAX_SOURCE_MARKS) throw invalid(`At most ${MAX_SOURCE_MARKS} marks can be set at once.`);
  return entries.map(([name, value]) => {
    if (value.length > MAX_VALUE)
      throw invalid(`The mark "${name.slice(0, 50)}" is longer than ${MAX_VALUE} characters.`);
    return { kind: KIND, key: keyOf(dataset, name), value };
  });
}

/** The value of a mark; null where it was never set. */
export function readSourceMark(writer: RecordWriter, dataset: string, name: string): Promise<string | null> {
  return writer.readMark(KIND, keyOf(dataset, name));
}

function keyOf(dataset: string, name: string): string {
  if (name.length >= 1 && name.length <= MAX_NAME) return `${dataset}\n${name}`;
  throw invalid(`The name of a mark has 1 to ${MAX_NAME} characters.`);
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message);
}
