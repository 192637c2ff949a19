import { Document, isMap, type Node, stringify, type YAMLMap } from 'yaml';
import type { SuggestedPipeline } from '#application/pipelines/queries/suggest-pipeline.ts';

const STYLE = { lineWidth: 0, flowCollectionPadding: false };
/** Longer ones are easier to read on lines of their own. */
const ONE_LINE = 100;

/** The pipeline file of a suggestion. */
export function pipelineFileText({ pipeline, sourceNotes, incremental }: SuggestedPipeline): string {
  const document = new Document(pipeline);
  const source = document.get('source') as YAMLMap;
  for (const { value } of source.items) if (isMap(value)) value.flow = stringify(value, STYLE).length < ONE_LINE;
  if (sourceNotes.length > 0) source.commentBefore = commented(sourceNotes);
  if (incremental !== null) {
    const member = oneLine({ incremental });
    source.comment = ` New rows only, if this column changes whenever a row does:\n ${member}`;
  }
  const target = document.get('target') as YAMLMap;
  target.flow = true;
  document.comment = ' To run it by itself:\n schedule: {every: 1h}';
  return document.toString(STYLE);
}

/** The dataset file of a suggestion; null where the dataset is there already. */
export function datasetFileText({ dataset, datasetNotes }: SuggestedPipeline): string | null {
  if (dataset === null) return null;
  const document = new Document(dataset);
  if (datasetNotes.length > 0) (document.contents as unknown as Node).commentBefore = commented(datasetNotes);
  const lists = [document.get('primary_key'), ...(document.get('properties') as YAMLMap).items] as (Node | undefined)[];
  for (const list of lists) if (list !== undefined) (list as YAMLMap).flow = true;
  return document.toString(STYLE);
}

function commented(notes: readonly string[]): string {
  return notes.map((note) => ` ${note}`).join('\n');
}

function oneLine(members: object): string {
  const document = new Document(members);
  for (const { value } of (document.contents as unknown as YAMLMap).items) if (isMap(value)) value.flow = true;
  return document.toString(STYLE).trim();
}
