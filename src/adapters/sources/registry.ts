import type { Source } from '#application/ports/source.ts';
import { filesSource } from './files/files-source.ts';
import { graphqlSource } from './graphql/graphql-source.ts';
import { odataSource } from './odata/odata-source.ts';
import { restSource } from './rest/rest-source.ts';

/** The kinds of sources there are. */
export const SOURCES: readonly Source[] = [filesSource, graphqlSource, odataSource, restSource];
