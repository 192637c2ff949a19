import { MAX_REPORTED_REJECTIONS, type Rejection } from '#application/ports/bulk-loader.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { InvalidPolicy } from '#domain/record/change.ts';

export type RejectionCode = 'invalid_body' | 'invalid_value' | 'key_exists';

/** The rows of an upload that are not stored; where one is enough to refuse the body, the error that says so. */
export class Rejections {
  readonly #aborts: boolean;
  readonly #first: Rejection[] = [];
  #count = 0;
  #code: RejectionCode | null = null;

  constructor(onInvalid: InvalidPolicy) {
    this.#aborts = onInvalid === 'abort';
  }

  get count(): number {
    return this.#count;
  }

  /** Those that are reported, in the order of their lines. */
  get reported(): readonly Rejection[] {
    return this.#first.toSorted((a, b) => a.line - b.line);
  }

  /** Nothing will be stored, and there is more to tell than anyone will read. */
  get isFull(): boolean {
    return this.#aborts && this.#count >= MAX_REPORTED_REJECTIONS;
  }

  add(line: number, errors: readonly Fault[], code: RejectionCode): void {
    this.#count++;
    this.#code ??= code;
    if (this.#first.length < MAX_REPORTED_REJECTIONS) this.#first.push({ line, errors });
  }

  /** Counts rows that are not told one by one any more. */
  addUnreported(count: number): void {
    this.#count += count;
  }

  /** @throws DataForgeError where the policy is to abort and there is any */
  throwIfAborting(): void {
    const [first] = this.reported;
    if (!this.#aborts || this.#code === null || first === undefined) return;
    const faults = this.reported.flatMap(({ line, errors }) =>
      errors.map(({ pointer, message }) => ({ pointer: `/${line}${pointer}`, message })),
    );
    const message = `Line ${first.line}: ${first.errors[0]?.message ?? 'this row is not valid.'}`;
    throw new DataForgeError(this.#code, message, { faults, details: { rejections: this.reported } });
  }
}

/**
 * Why a row of an upload that is valid in itself cannot be stored.
 * @throws the error where it is none of the row's
 */
export function conflictOf(error: Error): { readonly faults: readonly Fault[]; readonly code: RejectionCode } {
  if (!(error instanceof DataForgeError)) throw error;
  const { code, faults, message } = error;
  if (code !== 'key_exists' && code !== 'invalid_value') throw error;
  return { faults: faults.length > 0 ? faults : [{ pointer: '', message }], code };
}
