import type { FaultList } from '../query/faults.ts';
import type { ColumnSchema } from '../record/batch.ts';
import type { AnalysisColumn } from './column.ts';
import type { Parameters, ValuesOf } from './parameter.ts';

/** The columns an operation is given. */
export interface OperationInput {
  readonly columns: readonly AnalysisColumn[];
  /** Of the second dataset, for operations that take two. */
  readonly others: readonly AnalysisColumn[];
}

/** An operation as it is described: what it does, what it takes, what comes out. */
export interface OperationDefinition<P extends Parameters> {
  /** One sentence for people, and where the formula comes from. */
  readonly description: string;
  readonly parameters: P;
  /** The parameter that names the second dataset, for an operation that takes two. */
  readonly otherDataset?: keyof P & string;
  /** The columns of the input that it looks at. */
  readonly reads: (parameters: ValuesOf<P>, input: OperationInput) => readonly string[];
  /** The columns of the second dataset that it looks at. */
  readonly readsOther?: (parameters: ValuesOf<P>, input: OperationInput) => readonly string[];
  /** What no parameter can be asked alone. */
  readonly check?: (parameters: ValuesOf<P>, input: OperationInput, faults: FaultList) => void;
  /** The columns of the result; null where they depend on the rows. */
  readonly columns: (parameters: ValuesOf<P>, input: OperationInput) => readonly ColumnSchema[] | null;
}

/** Keeps the types of the parameters with the definition. */
export function defineOperation<const P extends Parameters>(
  definition: OperationDefinition<P>,
): OperationDefinition<P> {
  return definition;
}

/** The column that tells rows apart, where they have one: the id of a record. */
export function identityOf(columns: readonly AnalysisColumn[]): readonly string[] {
  const id = columns.find(({ system, dbType }) => system && dbType.name === 'UUID');
  return id === undefined ? [] : [id.name];
}

/** A column of the input by a name that was checked. */
export function inputColumn(columns: readonly AnalysisColumn[], name: string): AnalysisColumn {
  const found = columns.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(`the input has no column "${name}"`);
  return found;
}
