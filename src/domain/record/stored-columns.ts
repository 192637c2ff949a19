import type { Dataset, Property } from '../dataset/dataset.ts';
import type { DbType } from '../dataset/db-type.ts';
import type { ColumnSchema } from './batch.ts';

/** The two tables of a dataset: what stands, and the images of what was changed or deleted. */
export type StorePart = 'current' | 'former';

/** A column of a row as every store keeps it; `property` is null where it is the platform's own. */
export interface StoredColumn extends ColumnSchema {
  readonly property: Property | null;
}

const TIMESTAMP: DbType = { name: 'TIMESTAMP' };
const INTEGER: DbType = { name: 'INTEGER' };
const BIGINT: DbType = { name: 'BIGINT' };

const OWN_COLUMNS: readonly StoredColumn[] = [
  own('_id', { name: 'UUID' }),
  own('_created_at', TIMESTAMP),
  own('_updated_at', TIMESTAMP),
  own('_version', INTEGER),
  own('_seq', BIGINT),
  own('_origin', INTEGER),
];

/** What a former image has besides: when it ceased to be true, by whom, and whether by a delete. */
const END_COLUMNS: readonly StoredColumn[] = [
  own('_to_seq', BIGINT),
  own('_to_at', TIMESTAMP),
  own('_to_origin', INTEGER),
  own('_deleted', { name: 'BOOLEAN' }),
];

/** The columns in which the rows of a dataset travel from store to store. */
export function storedColumns({ properties }: Dataset, part: StorePart): readonly StoredColumn[] {
  const values = properties.map((property): StoredColumn => {
    return { name: property.name, dbType: property.dbType, nullable: !property.required, property };
  });
  return [...OWN_COLUMNS, ...values, ...(part === 'former' ? END_COLUMNS : [])];
}

/** The number by which the rows of a part are ordered, and which no two of them share: that of the change that made, or ended, a row. */
export function orderColumn(part: StorePart): string {
  return part === 'current' ? '_seq' : '_to_seq';
}

function own(name: string, dbType: DbType): StoredColumn {
  return { name, dbType, nullable: false, property: null };
}
