import { type TableCell, type TableColumn, tableOfRows } from '#formats/flight/table-of-rows.ts';

const column = (name: string, kind: TableColumn['kind'], nullable = true): TableColumn => ({ name, kind, nullable });

const COLUMNS = [
  column('type_name', 'text', false),
  column('data_type', 'int32', false),
  column('column_size', 'int32'),
  column('literal_prefix', 'text'),
  column('literal_suffix', 'text'),
  column('create_params', 'texts'),
  column('nullable', 'int32', false),
  column('case_sensitive', 'boolean', false),
  column('searchable', 'int32', false),
  column('unsigned_attribute', 'boolean'),
  column('fixed_prec_scale', 'boolean', false),
  column('auto_increment', 'boolean'),
  column('local_type_name', 'text'),
  column('minimum_scale', 'int32'),
  column('maximum_scale', 'int32'),
  column('sql_data_type', 'int32', false),
  column('datetime_subcode', 'int32'),
  column('num_prec_radix', 'int32'),
  column('interval_precision', 'int32'),
];

interface TypeInfo {
  readonly name: string;
  /** XdbcDataType of Flight SQL. */
  readonly type: number;
  readonly size: number | null;
  readonly quote?: string;
  readonly parameters?: readonly string[];
  /** Scales that it can have; given for numbers alone. */
  readonly scales?: readonly [number, number];
  readonly radix?: number;
  /** XdbcDatetimeSubcode. */
  readonly moment?: number;
}

/** XDBC's one number for all of dates, times and moments, where the subcode tells them apart. */
const DATETIME = 9;

/** The storage types of dataset files, in the order of their numbers, as the protocol asks for. */
const TYPES: readonly TypeInfo[] = [
  { name: 'BOOLEAN', type: -7, size: 1 },
  { name: 'BIGINT', type: -5, size: 19, scales: [0, 0], radix: 10 },
  { name: 'DECIMAL', type: 3, size: 38, parameters: ['precision', 'scale'], scales: [0, 38], radix: 10 },
  { name: 'INTEGER', type: 4, size: 10, scales: [0, 0], radix: 10 },
  { name: 'SMALLINT', type: 5, size: 5, scales: [0, 0], radix: 10 },
  { name: 'DOUBLE', type: 8, size: 53, radix: 2 },
  { name: 'VARCHAR', type: 12, size: null, quote: "'" },
  { name: 'UUID', type: 12, size: 36, quote: "'" },
  { name: 'JSON', type: 12, size: null, quote: "'" },
  { name: 'DATE', type: 91, size: 10, quote: "'", moment: 1 },
  { name: 'TIME', type: 92, size: 15, quote: "'", moment: 2 },
  { name: 'TIMESTAMP', type: 93, size: 26, quote: "'", moment: 3 },
];

/** The types of SQL with the number that is asked for; all of them where it is null. */
export function typeInfo(dataType: number | null) {
  return tableOfRows(COLUMNS, TYPES.filter(({ type }) => dataType === null || type === dataType).map(rowOf));
}

function rowOf({ name, type, size, quote, parameters, scales, radix, moment }: TypeInfo): TableCell[] {
  const ofNumbers = radix === undefined ? null : false;
  const [least = null, most = null] = scales ?? [];
  const isText = quote !== undefined && moment === undefined;
  const literal = quote ?? null;
  return [
    ...[name, type, size, literal, literal, parameters ?? [], 1, isText, 3, ofNumbers, false, ofNumbers, name],
    ...[least, most, moment === undefined ? type : DATETIME, moment ?? null, radix ?? null, null],
  ];
}
