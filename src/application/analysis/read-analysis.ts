import {
  type Analysis,
  OPERATIONS,
  type OperationName,
  parseAnalysis,
  readOperation,
} from '#domain/analysis/analysis.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { type FilterLimits, parseFilter } from '#domain/query/parse-filter.ts';
import type { Filter } from '#domain/query/query.ts';
import { type Json, JsonObject } from '#domain/record/json.ts';
import { unknownDataset } from '../datasets/dataset-catalog.ts';
import type { AnalysisQuestion } from '../ports/analyses.ts';
import { datasetColumns } from './dataset-input.ts';

/** A question that makes sense of its datasets. */
export interface ReadAnalysis {
  readonly analysis: Analysis;
  readonly dataset: Dataset;
  /** The second one, of an operation that takes two. */
  readonly other: Dataset | null;
  readonly filter: Filter | null;
}

/**
 * @param open gives a dataset by its name; `pointer` is where the question names it
 * @throws DataForgeError `invalid_parameter`, `invalid_filter`, and what `open` throws
 */
export function readAnalysis(
  { dataset: name, operation: word, parameters, filters }: AnalysisQuestion,
  open: (name: string, pointer: string) => Dataset,
  limits: FilterLimits,
): ReadAnalysis {
  const operation = readOperation(word);
  const dataset = open(name, '/dataset');
  const second = otherDatasetOf(operation, parameters);
  const other = second && open(second.name, second.pointer);
  const filter = parseFilter(dataset, filters, limits);
  const columns = datasetColumns(dataset);
  const others = other === null ? [] : datasetColumns(other);
  return { analysis: parseAnalysis(operation, parameters, { columns, others }), dataset, other, filter };
}

/** The names of the datasets that a question is about. */
export function datasetsOf({ dataset, operation, parameters }: AnalysisQuestion): readonly string[] {
  const other = otherDatasetOf(readOperation(operation), parameters);
  return other === null ? [dataset] : [dataset, other.name];
}

/** What is wrong with a question, as far as its datasets alone can tell; pointers lie within it. */
export function checkAnalysis(question: AnalysisQuestion, datasets: readonly Dataset[]): readonly Fault[] {
  const open = (name: string, pointer: string) => {
    const found = datasets.find((dataset) => dataset.name === name);
    if (found !== undefined) return found;
    const names = datasets.map((dataset) => dataset.name);
    const message = unknownDataset(name, names);
    throw new DataForgeError('unknown_dataset', message, { faults: [{ pointer, message }] });
  };
  try {
    readAnalysis(question, open, UNLIMITED);
    return [];
  } catch (error) {
    if (error instanceof DataForgeError && error.faults.length > 0) return error.faults;
    throw error;
  }
}

/** How much a filter may say is for the server to judge that computes. */
const UNLIMITED: FilterLimits = {
  maxConditions: Number.POSITIVE_INFINITY,
  maxDepth: Number.POSITIVE_INFINITY,
  maxListLength: Number.POSITIVE_INFINITY,
};

/** The second dataset of an operation that takes two, by the parameter that names it. */
function otherDatasetOf(
  operation: OperationName,
  parameters: Json,
): { readonly name: string; readonly pointer: string } | null {
  const { otherDataset } = OPERATIONS[operation] as { readonly otherDataset?: string };
  if (otherDataset === undefined) return null;
  const pointer = `/parameters/${otherDataset}`;
  const name = parameters instanceof JsonObject ? parameters.get(otherDataset) : undefined;
  if (typeof name === 'string') return { name, pointer };
  const message = `${otherDataset} is needed: the name of the second dataset.`;
  throw new DataForgeError('invalid_parameter', message, { faults: [{ pointer, message }] });
}
