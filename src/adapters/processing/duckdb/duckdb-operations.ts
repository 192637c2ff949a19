import type { ComputedTable } from '#application/ports/processor.ts';
import { type Analysis, resultColumns } from '#domain/analysis/analysis.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import type { DuckDbContext } from './duckdb-context.ts';
import { correlationRows } from './operations/duckdb-correlation.ts';
import { smoothForecast } from './operations/duckdb-forecast.ts';
import { groupSql } from './operations/duckdb-group.ts';
import { outliersSql } from './operations/duckdb-outliers.ts';
import { pivotSelect } from './operations/duckdb-pivot.ts';
import { quantileRows } from './operations/duckdb-quantiles.ts';
import { fitRegression } from './operations/duckdb-regression.ts';
import { deduplicateSql, joinSql, sampleSql } from './operations/duckdb-rows.ts';
import { summaryRows } from './operations/duckdb-summary.ts';
import { timeBucketsSql } from './operations/duckdb-time-buckets.ts';
import { windowSql } from './operations/duckdb-window.ts';

/** Begins an operation: what needs several queries has run all but the last, whose rows come as they are taken. */
export async function startOperation(analysis: Analysis, context: DuckDbContext): Promise<ComputedTable> {
  const { input, other, relations } = context;
  const known = resultColumns(analysis, { columns: input.columns, others: other?.columns ?? [] }) ?? [];
  const select = (sql: string, columns = known) => ({ columns, batches: relations.select(sql, columns) });
  const table = (rows: readonly Row[]) => ({ columns: known, batches: batchesOf(known, rows) });
  switch (analysis.operation) {
    case 'summary':
      return table(await summaryRows(analysis.parameters, context));
    case 'group':
      return select(groupSql(analysis.parameters));
    case 'time_buckets':
      return select(await timeBucketsSql(analysis.parameters, context));
    case 'pivot': {
      const { sql, columns } = await pivotSelect(analysis.parameters, context);
      return select(sql, columns);
    }
    case 'window':
      return select(windowSql(analysis.parameters, context));
    case 'correlation':
      return table(await correlationRows(analysis.parameters, context));
    case 'quantiles':
      return table(await quantileRows(analysis.parameters, context));
    case 'join':
      return select(joinSql(analysis.parameters, context));
    case 'sample':
      return select(sampleSql(analysis.parameters, context));
    case 'deduplicate':
      return select(deduplicateSql(analysis.parameters, context));
    case 'outliers':
      return select(await outliersSql(analysis.parameters, context));
    case 'regression':
      return table(await fitRegression(analysis.parameters, context));
    case 'forecast':
      return table(await smoothForecast(analysis.parameters, context));
  }
}

async function* batchesOf(columns: readonly ColumnSchema[], rows: readonly Row[]): AsyncGenerator<RecordBatch> {
  if (rows.length > 0) yield writeRows(columns, rows);
}
