import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import { reject, type StagedBlock, StagedRows, type StagingContext } from './duckdb-load-context.ts';

/**
 * Stages a whole block by the exact rule, where the engine's own reader cannot be trusted with it.
 * @param linesBefore what to add to a row's line in the block for its line in the body
 */
export async function stageExactly(
  context: StagingContext,
  rows: AsyncIterable<UploadedRow[]>,
  linesBefore: number,
): Promise<StagedBlock> {
  await context.staging.restart();
  const staged = new StagedRows(context);
  const lineNumbers: number[] = [];
  for await (const block of rows) {
    for (const row of block) {
      if (row.ok) {
        lineNumbers.push(linesBefore + row.line);
        await staged.add(row);
      } else {
        reject(context, linesBefore + row.line, row);
      }
    }
    if (context.rejections.isFull) break;
  }
  await staged.flush();
  return { complete: true, rows: lineNumbers.length, lineOf: (place) => lineNumbers[place] ?? 0 };
}
