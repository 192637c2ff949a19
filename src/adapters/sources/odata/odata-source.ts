import type { SourceOpening } from '#application/ports/source.ts';
import { cutBatches } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { readAhead } from '../shared/read-ahead.ts';
import { ODATA_OPTIONS } from './odata-options.ts';
import { ODataReader } from './odata-reader.ts';
import { ODataService } from './odata-service.ts';
import { surveyOData } from './odata-survey.ts';

/** Entity sets of an OData 4 service, by its own pages and, where it has them, its delta links. */
export const odataSource = defineSource({
  kind: 'odata',
  description: 'An entity set of an OData 4 service',
  options: ODATA_OPTIONS,
  open: (options, opening) =>
    cutBatches(readAhead(ODataReader.pieces(options, opening), opening.batch.bytes), opening, 'is stored'),
  async describe(options, opening: SourceOpening) {
    const { rows } = await new ODataService(options, opening).describe();
    const field = options.delta?.removedField;
    const columns = field
      ? [...rows.columns, { name: field, dbType: { name: 'BOOLEAN' } as const, nullable: false }]
      : rows.columns;
    return rows.columns.length === 0 ? null : { columns, key: rows.key };
  },
  windowField: ({ incremental }) => incremental?.field ?? null,
  survey: surveyOData,
});
