import { count, optional, text, withDefault, word } from '#domain/file/option.ts';
import { object, oneOfKinds, type ValuesOf } from '#domain/file/option-group.ts';
import { HTTP_OPTIONS, memberPath as path } from '../shared/http/http-options.ts';
import { REPEATED_PAGES } from '../shared/http/page-order.ts';

const firstPage = withDefault(count('The number of the first page.', 0, 1_000_000), 1);

const PAGING = oneOfKinds('How the source cuts its rows into pages.', 'kind', {
  page: {
    param: withDefault(text('The parameter that takes the number of the page.'), 'page'),
    first: firstPage,
    size_param: optional(text('The parameter that takes the size of a page.')),
    size: optional(count('Rows of a page.', 1, 10_000_000)),
    pages: optional(
      path('Where an answer tells how many pages there are; without it a page without rows is the last.'),
    ),
  },
  offset: {
    param: withDefault(text('The parameter that takes the number of rows to pass over.'), 'offset'),
    limit_param: withDefault(text('The parameter that takes the size of a page.'), 'limit'),
    limit: withDefault(count('Rows of a page.', 1, 10_000_000), 1000),
  },
  cursor: {
    param: withDefault(text('The parameter that takes the cursor.'), 'cursor'),
    path: path('Where an answer has the cursor of the next page.'),
  },
  link: {},
  next: { path: path('Where an answer has the address of the next page.') },
});

export const REST_OPTIONS = {
  ...HTTP_OPTIONS,
  format: optional(
    word('What the answers are; their Content-Type, and the ending of the address, tell where this is left out.', [
      'json',
      'ndjson',
      'csv',
    ]),
  ),
  records: optional(path('Where an answer of JSON has the list of rows; without it the answer is that list.')),
  paging: optional(PAGING),
  repeated_pages: REPEATED_PAGES,
  incremental: optional(
    object('Only rows that are new by a field whose values ascend.', {
      field: text('The member of the rows.'),
      param: optional(text('The parameter that takes the highest value read so far.')),
      start: optional(text('What the parameter is in the first run.')),
      until_param: optional(
        text(
          'The parameter that takes the value up to which a backfill reads; without it later rows are read and left out.',
        ),
      ),
    }),
  ),
};

export type RestOptions = ValuesOf<typeof REST_OPTIONS>;
export type Paging = NonNullable<RestOptions['paging']>;
export type RestFormat = NonNullable<RestOptions['format']>;
