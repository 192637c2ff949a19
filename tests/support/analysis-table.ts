import type { ComputedTable, Processor, ProcessorInput } from '#application/ports/processor.ts';
import { parseAnalysis, readOperation } from '#domain/analysis/analysis.ts';
import { type DbType, parseDbType } from '#domain/dataset/db-type.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { Value } from '#domain/record/value.ts';
import { readRows } from '#formats/columns/read-values.ts';
import { writeRows } from '#formats/columns/write-values.ts';

/** A small table: for each column its db_type and its canonical values. */
export type Table = Readonly<Record<string, { readonly type: string; readonly values: readonly Value[] }>>;

/** Columns of numbers, null where there is none. */
export function doubles(columns: Readonly<Record<string, readonly (number | null)[]>>): Table {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, { type: 'DOUBLE', values }]));
}

/** The rows of a table as a processor is given them, in batches of so many. */
function inputOf(table: Table, batchRows = 64): ProcessorInput {
  const columns = Object.entries(table).map(([name, { type }]) => {
    return { name, dbType: parseDbType(type) as DbType, nullable: true, system: false };
  });
  const [first] = Object.values(table);
  const rows = (first?.values ?? []).map((_, at) => Object.values(table).map(({ values }) => values[at] ?? null));
  return {
    columns,
    query: null,
    async *read(names) {
      const places = names.map((name) => columns.findIndex((column) => column.name === name));
      const chosen = places.map((place) => columns[place] as (typeof columns)[number]);
      for (let from = 0; from < rows.length; from += batchRows) {
        const some = rows.slice(from, from + batchRows).map((row) => places.map((place) => row[place] ?? null));
        yield writeRows(chosen, some);
      }
    },
  };
}

export interface Computation {
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly table: Table;
  readonly other?: Table;
  readonly signal?: AbortSignal;
}

/** What a processor makes of a table: a row an object of canonical values. */
export async function compute(processor: Processor, asked: Computation): Promise<Record<string, Value>[]> {
  const input = inputOf(asked.table);
  const other = asked.other === undefined ? null : inputOf(asked.other);
  const shapes = { columns: input.columns, others: other?.columns ?? [] };
  const analysis = parseAnalysis(readOperation(asked.operation), jsonFrom(asked.parameters), shapes);
  const signal = asked.signal ?? new AbortController().signal;
  return rowsOf(await processor.compute({ analysis, input, other, signal }));
}

async function rowsOf({ columns, batches }: ComputedTable): Promise<Record<string, Value>[]> {
  const rows: Record<string, Value>[] = [];
  for await (const batch of batches) {
    for (const row of readRows(columns, batch)) {
      rows.push(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
    }
  }
  return rows;
}
