import type { Dataset } from '#domain/dataset/dataset.ts';
import { datasetFromDescription } from '#domain/dataset/describe-dataset.ts';
import { parseJson } from '#domain/record/json.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { readLocatorIndexes } from './duckdb-locator-indexes.ts';
import { DuckDbOrigins } from './duckdb-origins.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** What a store keeps of itself besides its rows, and the session of its small commits. */
export interface OpenedFile {
  /** The session of small commits and schema changes; used with the commit lock held. */
  readonly writer: DuckDbSession;
  readonly head: number;
  readonly origins: DuckDbOrigins;
  /** The highest number of a change that was forgotten, by dataset. */
  readonly trimmedTo: Map<string, number>;
  /** The tables with an index on their locators. */
  readonly indexedTables: readonly string[];
}

/** Reads it. @param writer is kept as the session of small commits */
export async function readOpened(writer: DuckDbSession): Promise<OpenedFile> {
  return {
    writer,
    head: await readHead(writer),
    origins: await DuckDbOrigins.open(writer),
    trimmedTo: await readTrimmed(writer),
    indexedTables: await readLocatorIndexes(writer),
  };
}

/** The highest number any row or former image carries; `forge.meta` keeps it where rows were dropped. */
export async function readHead(session: DuckDbSession): Promise<number> {
  const tables = await session.rows(
    `SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name IN ('data', 'history')`,
  );
  const heads = tables.map(([schema, table]) => {
    return `SELECT max(${schema === 'data' ? '_seq' : '_to_seq'}) FROM ${schema}.${identifier(String(table))}`;
  });
  heads.push(`SELECT max(value::BIGINT) FROM forge.meta WHERE name = 'sequence'`);
  const [row] = await session.rows(`SELECT coalesce(max(head), 0) FROM (${heads.join(' UNION ALL ')}) AS heads(head)`);
  return Number(row?.[0]);
}

/** Every dataset that has tables, as it was last applied. */
export async function datasetsOf(session: DuckDbSession): Promise<Dataset[]> {
  const rows = await session.rows('SELECT definition FROM forge.datasets ORDER BY name');
  return rows.map(([definition]) => datasetFromDescription(parseJson(String(definition))));
}

export const TRIMMED = 'trimmed:';

/** How far the history of each dataset was forgotten. */
export async function readTrimmed(session: DuckDbSession): Promise<Map<string, number>> {
  const rows = await session.rows(`SELECT name, value FROM forge.meta WHERE starts_with(name, ${literal(TRIMMED)})`);
  return new Map(rows.map(([name, value]) => [String(name).slice(TRIMMED.length), Number(value)]));
}

export async function setMeta(session: DuckDbSession, name: string, value: number): Promise<void> {
  await session.run('DELETE FROM forge.meta WHERE name = $1', [name]);
  await session.run('INSERT INTO forge.meta VALUES ($1, $2)', [name, String(value)]);
}
