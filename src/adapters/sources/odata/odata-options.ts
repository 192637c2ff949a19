import { count, list, optional, text, withDefault, word } from '#domain/file/option.ts';
import { object, type ValuesOf } from '#domain/file/option-group.ts';
import { HTTP_OPTIONS } from '../shared/http/http-options.ts';
import { REPEATED_PAGES } from '../shared/http/page-order.ts';

export const ODATA_OPTIONS = {
  ...HTTP_OPTIONS,
  entity: text('The entity set, as it stands behind the address of the service: Wells, or Fields(7)/wells.'),
  select: optional(list('The properties to read; all of them where this is left out.', text('$select.'))),
  filter: optional(text("Which rows to read, as $filter writes it: status eq 'active'.")),
  expand: optional(
    list('The entities to read with each row, which become JSON: readings($select=at,value).', text('$expand.')),
  ),
  orderby: optional(list('The order of the rows.', text('$orderby.'))),
  page_size: optional(count('How many rows of a page the service is asked for; it may give fewer.', 1, 10_000_000)),
  complex: withDefault(
    word('What becomes of properties with members of their own: place.city as place_city, or place as JSON.', [
      'flatten',
      'json',
    ]),
    'flatten',
  ),
  repeated_pages: REPEATED_PAGES,
  incremental: optional(
    object('Only rows that are new by a property whose values ascend, like the time of the last change.', {
      field: text('The property.'),
      start: optional(text('Where the first run begins: rows from this value on.')),
    }),
  ),
  delta: optional(
    object('Only what has changed, by the delta links of a service that keeps track of changes.', {
      removed_field: optional(
        text('A property that is true in the row of an entity that was removed, and false in all others.'),
      ),
      expired: withDefault(
        word('What is done when the service has forgotten the last delta link: fail, or read everything anew.', [
          'fail',
          'restart',
        ]),
        'fail',
      ),
    }),
  ),
};

export type ODataOptions = ValuesOf<typeof ODATA_OPTIONS>;
