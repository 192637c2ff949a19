import type { Fault } from '#domain/errors.ts';
import type { Row } from '#domain/record/value.ts';

/** One row of an upload, valid and complete, or what is wrong with it. `line` is where it stands in the body. */
export type UploadedRow =
  | { readonly ok: true; readonly line: number; readonly row: Row; readonly id: string | null }
  | {
      readonly ok: false;
      readonly line: number;
      readonly faults: readonly Fault[];
      /** The row could not even be taken apart. */
      readonly garbled: boolean;
    };

export function garbledRow(line: number, message: string): UploadedRow {
  return { ok: false, line, faults: [{ pointer: '', message }], garbled: true };
}
