import { DataForgeError } from '#domain/errors.ts';
import type { SetAsideRow } from '#domain/pipeline/pipeline-state.ts';
import { type BulkCounts, MAX_REPORTED_REJECTIONS, type Rejection } from '../ports/bulk-loader.ts';
import type { SourceRows } from '../ports/source.ts';

const LINE_FEED = 0x0a;

/** The rows of a batch, kept while they are loaded, so that those that do not fit can be set aside as they came. */
export class KeptLines {
  readonly #rows: SourceRows & { readonly format: 'ndjson' | 'csv' };
  readonly #chunks: Uint8Array[] = [];

  /** @throws DataForgeError `invalid_configuration` for a format that has no lines */
  constructor(rows: SourceRows) {
    const { format } = rows;
    if (format !== 'ndjson' && format !== 'csv') {
      const message = `Rows of ${format} cannot be set aside one by one; take another contract, or a transform, which makes lines of them.`;
      throw new DataForgeError('invalid_configuration', message);
    }
    this.#rows = { ...rows, format };
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#keep();
  }

  /**
   * The rows that a load has rejected.
   * @throws DataForgeError `invalid_value` where they are too many to be told one by one
   */
  setAside({ rejected, rejections }: BulkCounts): readonly SetAsideRow[] {
    if (rejected === 0) return [];
    if (rejected > rejections.length) {
      const message = `More than ${MAX_REPORTED_REJECTIONS} rows of one batch do not fit the dataset, the first: ${rejections[0]?.errors[0]?.message} The source and the dataset file do not agree; nothing of the batch was stored.`;
      throw new DataForgeError('invalid_value', message, { details: { rejections: rejections.slice(0, 10) } });
    }
    const { format } = this.#rows;
    const lines = Buffer.concat(this.#chunks);
    const starts = lineStarts(lines);
    const lineAt = (line: number) => lines.toString('utf8', starts[line - 1], (starts[line] ?? lines.length + 1) - 1);
    const prefix = format === 'csv' ? `${lineAt(1)}\n` : '';
    return rejections.map((rejection) => {
      const { line } = rejection;
      return { line, reason: rejectionReason(rejection), format, row: prefix + lineAt(line) };
    });
  }

  async *#keep(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#rows.body) {
      this.#chunks.push(chunk);
      yield chunk;
    }
  }
}

/** Why a row does not fit, in one text. */
export function rejectionReason({ errors }: Rejection): string {
  return errors.map(({ message }) => message).join(' ');
}

function lineStarts(lines: Buffer): number[] {
  const starts = [0];
  for (let at = lines.indexOf(LINE_FEED); at >= 0; at = lines.indexOf(LINE_FEED, at + 1)) starts.push(at + 1);
  return starts;
}
