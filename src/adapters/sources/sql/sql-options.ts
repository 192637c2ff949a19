import { duration, list, optional, text, withDefault } from '#domain/file/option.ts';
import { object, type ValuesOf } from '#domain/file/option-group.ts';
import { secret, textOrSecret } from '#domain/pipeline/secret.ts';

export const SQL_OPTIONS = {
  url: textOrSecret(
    'The database: postgres://USER@HOST:5432/DATABASE, or sqlite:PATH from the folder of the pipeline files.',
  ),
  password: optional(secret('The password of the user.')),
  ca: optional(text('A PEM file with the authority that signed the certificate of the server.')),
  table: optional(text('The table or view, with the schema in front where it needs one: sales.orders.')),
  query: optional(text('One SELECT, in the place of a table.')),
  key: optional(
    list(
      'The columns that tell rows apart, by which a run that broke off goes on; of a table its primary key.',
      text('The name of a column.'),
    ),
  ),
  incremental: optional(
    object('Only rows that are new by a column whose values ascend; rows without a value are left out.', {
      column: text('The name of the column.'),
      start: optional(text('The least value that the first run reads.')),
    }),
  ),
  timeout: withDefault(duration('How long the database may take over one SELECT.', 1000), 3_600_000, '1h'),
};

export type SqlOptions = ValuesOf<typeof SQL_OPTIONS>;
