import type { SourceOpening } from '#application/ports/source.ts';
import { cutBatches } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { describeRelation, fromClause } from './describe-relation.ts';
import { openDatabase } from './open-database.ts';
import { SQL_OPTIONS, type SqlOptions } from './sql-options.ts';
import { readPieces } from './sql-reader.ts';
import { surveySql } from './sql-survey.ts';

/** Tables and SELECTs of PostgreSQL and SQLite. */
export const sqlSource = defineSource({
  kind: 'sql',
  description: 'A table or a SELECT of PostgreSQL or SQLite',
  options: SQL_OPTIONS,
  open: (options, opening) => cutBatches(piecesOf(options, opening), opening),
  describe: describeRelation,
  windowField: ({ incremental }) => incremental?.column ?? null,
  survey: surveySql,
});

async function* piecesOf(options: SqlOptions, opening: SourceOpening) {
  const database = await openDatabase(options, opening);
  try {
    yield* readPieces(database, fromClause(options), options, opening);
  } finally {
    await database.close();
  }
}
