import { checkAnalysis } from '#application/analysis/read-analysis.ts';
import { OPERATION_NAMES } from '#domain/analysis/analysis.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { json, optional, text, withDefault, word } from '#domain/file/option.ts';
import type { ValuesOf } from '#domain/file/option-group.ts';

const OPTIONS = {
  dataset: text('The dataset whose rows are analysed.'),
  operation: word('What is computed of them.', OPERATION_NAMES),
  parameters: optional(json('What the operation is told, as POST /api/v1/analysis takes it.', 'object')),
  filters: optional(
    json('Which rows are analysed, as POST /api/v1/analysis takes it; all where this is left out.', 'array'),
  ),
  unchanged: withDefault(
    word(
      'What a run does where the dataset has not changed since the last one: skip leaves the target as it is, store computes and stores the same rows once more.',
      ['skip', 'store'],
    ),
    'skip',
  ),
};

export type AnalysisOptions = ValuesOf<typeof OPTIONS>;

/** What a pipeline file may say of an analysis; whoever runs it has to have something that computes. */
export const ANALYSIS = {
  kind: 'analysis',
  description: 'The rows of an analysis of a dataset',
  options: OPTIONS,
  check: (question: AnalysisOptions, datasets: readonly Dataset[]) => checkAnalysis(question, datasets),
};
