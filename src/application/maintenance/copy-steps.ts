import { createHash } from 'node:crypto';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { writeJson } from '#domain/record/json.ts';
import { orderColumn, type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import type { StoreFacts } from '../ports/store-transfer.ts';

/** One of the steps that a copy is made in, in their order: the parts of each dataset, then the marks. */
export type CopyStep = { readonly dataset: Dataset; readonly part: StorePart } | 'marks';

/** How far a copy has come: rows up to the number `after` of the step at hand. It is kept as JSON in the target. */
export interface CopyNote {
  /** The fingerprint of the source. */
  readonly source: string;
  readonly step: number;
  readonly after: number;
  /** Rows copied in all. */
  readonly rows: number;
}

export function stepsOf({ datasets }: StoreFacts): CopyStep[] {
  const parts: readonly StorePart[] = ['current', 'former'];
  return [...datasets.flatMap(({ dataset }) => parts.map((part) => ({ dataset, part }))), 'marks'];
}

/** The number that a block ends with. */
export function lastNumberOf({ dataset, part }: Exclude<CopyStep, 'marks'>, { columns, length }: RecordBatch): number {
  const name = orderColumn(part);
  const at = storedColumns(dataset, part).findIndex((column) => column.property === null && column.name === name);
  const data = columns[at]?.data;
  if (data === undefined || length === 0) throw new RangeError('a block of a copy has rows, and their numbers');
  return Number(new DataView(data.buffer, data.byteOffset, data.byteLength).getBigInt64((length - 1) * 8, true));
}

/** Tells a store, as it is at a moment, from others and from itself at another. */
export function fingerprintOf(facts: StoreFacts): string {
  const datasets = facts.datasets.map(({ rows, lastChange, ...rest }) => [...definitionOf(rest), rows, lastChange]);
  return sha256(JSON.stringify([facts.head, datasets, facts.origins, facts.marks]));
}

/** What a store says of itself besides its rows and marks. */
export function ownFactsOf({ head, datasets, origins }: StoreFacts): string {
  return JSON.stringify([head, datasets.map(definitionOf), origins.map(({ id, caller, run }) => [id, caller, run])]);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function definitionOf({ dataset, trimmedTo }: { readonly dataset: Dataset; readonly trimmedTo: number }) {
  return [writeJson(describeDataset(dataset)), trimmedTo];
}
