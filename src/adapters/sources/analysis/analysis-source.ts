import { datasetsOf } from '#application/analysis/read-analysis.ts';
import type { Analyses, AnalysisQuestion } from '#application/ports/analyses.ts';
import type { Source, SourceBatch, SourceOpening } from '#application/ports/source.ts';
import { writeJson } from '#domain/record/json.ts';
import { defineSource } from '../shared/define-source.ts';
import { ANALYSIS, type AnalysisOptions } from './analysis-kind.ts';

/** The rows of an analysis, computed when the run begins and stored as one batch. */
export function analysisSource(analyses: Analyses): Source {
  return defineSource({
    ...ANALYSIS,
    isSnapshot: true,
    open: (options, opening) => computed(analyses, options, opening),
  });
}

async function* computed(
  analyses: Analyses,
  options: AnalysisOptions,
  { cursor, caller, signal, note }: SourceOpening,
): AsyncGenerator<SourceBatch> {
  const { dataset, operation } = options;
  const question = textOf(options);
  const since = cursor?.question === question ? Number(cursor.head) : null;
  const call = { caller, signal };
  // Asked for before it is computed: a change between the two is computed again, and none is missed.
  const { head, hasChanged } = await analyses.standing(datasetsOf(options), since, call);
  if (!hasChanged && options.unchanged === 'skip') {
    note(unchanged(datasetsOf(options)));
    return;
  }
  note(`computing ${operation} of ${dataset}`);
  const body = await analyses.compute(options, call);
  yield { rows: { format: 'arrow', body }, cursor: () => ({ question, head }) };
}

/** What is asked, as a text to compare. */
function textOf({ dataset, operation, parameters, filters }: AnalysisQuestion): string {
  return JSON.stringify([dataset, operation, writeJson(parameters), writeJson(filters)]);
}

function unchanged(datasets: readonly string[]): string {
  const subject = datasets.length === 1 ? `${datasets[0]} has` : `${datasets.join(' and ')} have`;
  return `${subject} not changed since the last run, whose rows stand`;
}
