import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { RecordWriter } from '../../ports/record-writer.ts';
import { openDataset } from '../open-dataset.ts';
import { readSourceMark, type SourceMarks } from '../source-marks.ts';

export interface GetMarksRequest {
  readonly schema: string;
  readonly names: readonly string[];
}

/** The marks that were set with rows of a dataset; those that never were are left out. */
export function getMarks(catalog: DatasetCatalog, writer: RecordWriter) {
  return async ({ schema, names }: GetMarksRequest, call: Call): Promise<{ readonly marks: SourceMarks }> => {
    const { dataset } = openDataset(catalog, schema, call, 'read');
    const found = await Promise.all(
      names.map(async (name) => [name, await readSourceMark(writer, dataset.name, name)] as const),
    );
    return { marks: Object.fromEntries(found.flatMap(([name, value]) => (value === null ? [] : [[name, value]]))) };
  };
}
