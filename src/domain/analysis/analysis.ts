import { DataForgeError } from '../errors.ts';
import { FaultList } from '../query/faults.ts';
import type { ColumnSchema } from '../record/batch.ts';
import type { Json } from '../record/json.ts';
import { didYouMean } from '../text/suggest.ts';
import { freeName } from './column.ts';
import type { OperationDefinition, OperationInput } from './operation.ts';
import { correlation } from './operations/correlation.ts';
import { deduplicate } from './operations/deduplicate.ts';
import { forecast } from './operations/forecast.ts';
import { group } from './operations/group.ts';
import { join } from './operations/join.ts';
import { outliers } from './operations/outliers.ts';
import { pivot } from './operations/pivot.ts';
import { quantiles } from './operations/quantiles.ts';
import { regression } from './operations/regression.ts';
import { sample } from './operations/sample.ts';
import { summary } from './operations/summary.ts';
import { timeBuckets } from './operations/time-buckets.ts';
import { window } from './operations/window.ts';
import { type Parameters, readParameters, type ValuesOf } from './parameter.ts';

/** Every operation there is, by the name people ask for it with. */
export const OPERATIONS = {
  summary,
  group,
  time_buckets: timeBuckets,
  pivot,
  window,
  correlation,
  quantiles,
  join,
  sample,
  deduplicate,
  outliers,
  regression,
  forecast,
} as const;

export type OperationName = keyof typeof OPERATIONS;
export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

export type ParametersOf<N extends OperationName> = ValuesOf<(typeof OPERATIONS)[N]['parameters']>;

/** An operation with its parameters, all of them checked against the columns they speak of. */
export type Analysis = {
  readonly [N in OperationName]: { readonly operation: N; readonly parameters: ParametersOf<N> };
}[OperationName];

/** @throws DataForgeError `invalid_parameter` with the operations there are */
export function readOperation(name: string): OperationName {
  const known = OPERATION_NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  const guess = didYouMean(name, OPERATION_NAMES);
  const message = `"${name.slice(0, 100)}" is no operation${guess}; the operations are ${OPERATION_NAMES.join(', ')}.`;
  throw new DataForgeError('invalid_parameter', message, { faults: [{ pointer: '/operation', message }] });
}

/** @throws DataForgeError `invalid_parameter` with every fault; pointers begin with `/parameters` */
export function parseAnalysis(operation: OperationName, parameters: Json, input: OperationInput): Analysis {
  const faults = new FaultList();
  const definition = definitionOf(operation);
  const values = readParameters(definition.parameters, parameters, '/parameters', { ...input, faults });
  faults.throwIfAny('invalid_parameter', 'analysis');
  definition.check?.(values, input, faults);
  faults.throwIfAny('invalid_parameter', 'analysis');
  return { operation, parameters: values } as Analysis;
}

/** The columns of the result; null where they depend on the rows. A name that is taken already gets `_2`, `_3`, …. */
export function resultColumns(
  { operation, parameters }: Analysis,
  input: OperationInput,
): readonly ColumnSchema[] | null {
  const taken = new Set<string>();
  const columns = definitionOf(operation).columns(parameters, input);
  return columns?.map((column) => ({ ...column, name: freeName(column.name, taken) })) ?? null;
}

/** The columns of the input that the analysis looks at, each once. */
export function columnsRead({ operation, parameters }: Analysis, input: OperationInput): readonly string[] {
  return [...new Set(definitionOf(operation).reads(parameters, input))];
}

/** The same of the second dataset. */
export function otherColumnsRead({ operation, parameters }: Analysis, input: OperationInput): readonly string[] {
  return [...new Set(definitionOf(operation).readsOther?.(parameters, input))];
}

/** The registry without the types of the parameters, which a name chosen at run time cannot keep. */
function definitionOf(operation: OperationName): OperationDefinition<Parameters> {
  return OPERATIONS[operation] as unknown as OperationDefinition<Parameters>;
}
