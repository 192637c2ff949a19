import type { SourceOpening } from '#application/ports/source.ts';
import { cutBatches, type Piece } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { readAhead } from '../shared/read-ahead.ts';
import { ODATA_OPTIONS, type ODataOptions } from './odata-options.ts';

/** Entity sets of an OData 4 service, by its own pages and, where it has them, its delta links. What reads XML is loaded where it is needed. */
export const odataSource = defineSource({
  kind: 'odata',
  description: 'An entity set of an OData 4 service',
  options: ODATA_OPTIONS,
  open: (options, opening) =>
    cutBatches(readAhead(piecesOf(options, opening), opening.batch.bytes), opening, 'is stored'),
  async describe(options, opening) {
    const { ODataService } = await import('./odata-service.ts');
    const { rows } = await new ODataService(options, opening).describe();
    const field = options.delta?.removedField;
    const columns = field
      ? [...rows.columns, { name: field, dbType: { name: 'BOOLEAN' } as const, nullable: false }]
      : rows.columns;
    return rows.columns.length === 0 ? null : { columns, key: rows.key };
  },
  windowField: ({ incremental }) => incremental?.field ?? null,
  survey: async (request, opening) => (await import('./odata-survey.ts')).surveyOData(request, opening),
});

async function* piecesOf(options: ODataOptions, opening: SourceOpening): AsyncGenerator<Piece> {
  const { ODataReader } = await import('./odata-reader.ts');
  yield* ODataReader.pieces(options, opening);
}
