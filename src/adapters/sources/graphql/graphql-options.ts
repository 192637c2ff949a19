import { count, named, type Option, optional, text, withDefault, word } from '#domain/file/option.ts';
import { object, oneOfKinds, type ValuesOf } from '#domain/file/option-group.ts';
import { writeJson } from '#domain/record/json.ts';
import { HTTP_OPTIONS, memberPath } from '../shared/http/http-options.ts';
import { REPEATED_PAGES } from '../shared/http/page-order.ts';

/** Any value, kept as its JSON, so that numbers have all of their digits. */
const anyValue: Option<string> = {
  schema: { description: 'The value of one.' },
  absent: null,
  read: (json) => writeJson(json),
};

const PAGING = oneOfKinds('How the source cuts its rows into pages.', 'kind', {
  relay: {
    connection: memberPath('Where data has the connection, whose pageInfo the query asks for: wells, company.wells.'),
    variable: withDefault(text('The variable that takes endCursor.'), 'after'),
    size_variable: withDefault(text('The variable that takes the size of a page.'), 'first'),
    size: optional(count('Rows of a page; without it the variable is left out.', 1, 10_000_000)),
  },
  offset: {
    variable: withDefault(text('The variable that takes the number of rows to pass over.'), 'offset'),
    limit_variable: withDefault(text('The variable that takes the size of a page.'), 'limit'),
    limit: withDefault(count('Rows of a page.', 1, 10_000_000), 1000),
  },
});

export const GRAPHQL_OPTIONS = {
  ...HTTP_OPTIONS,
  query: text('What to ask: a document with one query, or with several of which operation names one.'),
  operation: optional(text('The name of the query.')),
  variables: named('The variables of the query.', anyValue),
  records: optional(
    memberPath('Where data has the list of rows: wells, company.wells.items. A relay connection has its own.'),
  ),
  paging: optional(PAGING),
  partial: withDefault(
    word(
      'What becomes of an answer with rows and errors: refuse asks again and in the end fails, skip leaves the rows out that errors point into, take stores them with null where the errors are.',
      ['refuse', 'skip', 'take'],
    ),
    'refuse',
  ),
  repeated_pages: REPEATED_PAGES,
  incremental: optional(
    object('Only rows that are new by a field whose values ascend.', {
      field: text('The member of the rows.'),
      variable: optional(text('The variable that takes the highest value read so far.')),
      start: optional(text('What the variable is in the first run.')),
      until_variable: optional(
        text(
          'The variable that takes the value up to which a backfill reads; without it later rows are read and left out.',
        ),
      ),
    }),
  ),
};

export type GraphqlOptions = ValuesOf<typeof GRAPHQL_OPTIONS>;
