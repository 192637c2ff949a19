import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { MAX_SERIES } from '#domain/analysis/bucket-limit.ts';
import { BOOLEAN, column, DOUBLE, TIMESTAMP } from '#domain/analysis/column.ts';
import type { Smoothing } from '#domain/analysis/exponential-smoothing.ts';
import { forecastRows, seriesOf } from '#domain/analysis/forecast-series.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import type { KernelMessage } from '../kernel-messages.ts';
import { checkCount, gatheredSql, stepsSql } from './duckdb-time-buckets.ts';

/** SQL gathers the series; a thread smooths it. */
export async function smoothForecast(parameters: ParametersOf<'forecast'>, context: DuckDbContext): Promise<Row[]> {
  const { time, every, measure, horizon } = parameters;
  await checkCount({ time, every, by: [] }, horizon, context, MAX_SERIES);
  const isCount = measure.function === 'count' || measure.function === 'distinct';
  const beyond = 't > (SELECT max(t) FROM gathered)';
  const value = isCount ? `CASE WHEN ${beyond} THEN NULL ELSE coalesce(m0, 0) END` : 'm0';
  const sql =
    `${gatheredSql({ time, every, by: [], measures: [measure] })}, ${stepsSql(every, horizon)} ` +
    `SELECT t, ${value}, ${beyond} FROM steps LEFT JOIN gathered USING (t) ORDER BY t`;
  const schema = [column('t', TIMESTAMP, false), column('value', DOUBLE), column('beyond', BOOLEAN, false)];
  const rows = (await selectFew(context, sql, schema)) as (readonly [Value, number | null, boolean])[];
  const series = seriesOf(rows, parameters);
  const message: KernelMessage = {
    kind: 'smooth',
    values: series.values,
    options: { ...parameters, horizon: series.horizon },
  };
  const smoothing = await context.kernels.use(context.signal, (thread) => thread.ask<Smoothing>(message));
  return forecastRows(series, smoothing);
}
