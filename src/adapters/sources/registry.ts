import type { Analyses } from '#application/ports/analyses.ts';
import type { Source } from '#application/ports/source.ts';
import type { SourceKind } from '#domain/pipeline/pipeline.ts';
import { PUSH } from '#domain/pipeline/push.ts';
import { ANALYSIS } from './analysis/analysis-kind.ts';
import { analysisSource } from './analysis/analysis-source.ts';
import { filesSource } from './files/files-source.ts';
import { flightSource } from './flight/flight-source.ts';
import { graphqlSource } from './graphql/graphql-source.ts';
import { odataSource } from './odata/odata-source.ts';
import { restSource } from './rest/rest-source.ts';
import { sqlSource } from './sql/sql-source.ts';
import { webSocketSource } from './websocket/websocket-source.ts';

/** The kinds of places that rows are fetched from. */
export const SOURCES: readonly Source[] = [
  filesSource,
  flightSource,
  graphqlSource,
  odataSource,
  restSource,
  sqlSource,
  webSocketSource,
];

/** What a pipeline file may name as its source: these, analyses, and events that are sent to the server. */
export const SOURCE_KINDS: readonly SourceKind[] = [ANALYSIS, ...SOURCES, PUSH];

/** Every source that runs read from. */
export function sourcesWith(analyses: Analyses): readonly Source[] {
  return [analysisSource(analyses), ...SOURCES];
}
