import type { Source } from '#application/ports/source.ts';
import { filesSource } from './files/files-source.ts';
import { flightSource } from './flight/flight-source.ts';
import { graphqlSource } from './graphql/graphql-source.ts';
import { odataSource } from './odata/odata-source.ts';
import { restSource } from './rest/rest-source.ts';
import { sqlSource } from './sql/sql-source.ts';
import { webSocketSource } from './websocket/websocket-source.ts';

/** The kinds of sources there are. */
export const SOURCES: readonly Source[] = [
  filesSource,
  flightSource,
  graphqlSource,
  odataSource,
  restSource,
  sqlSource,
  webSocketSource,
];
