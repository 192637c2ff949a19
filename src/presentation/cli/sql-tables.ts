import { JsonArray } from '#domain/record/json.ts';
import type { ApiClient } from './client.ts';
import { memberOf, textOf } from './commands/query.ts';

/** A dataset with the columns of its view. */
export interface SqlTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The datasets of a server as SQL sees them. */
export async function readTables(client: ApiClient): Promise<SqlTable[]> {
  const answer = await client.json('GET', '/schemas');
  const schemas = answer instanceof JsonArray ? answer.items : [];
  return schemas.map((schema) => {
    const properties = memberOf(schema, 'properties');
    const own = (properties instanceof JsonArray ? properties.items : []).map((property) => ({
      name: textOf(memberOf(property, 'name')),
      type: textOf(memberOf(property, 'db_type')),
    }));
    const system = (name: string, type: string) => {
      const taken = own.some((column) => column.name.toLowerCase() === name);
      return { name: taken ? `_${name}` : name, type };
    };
    const columns = [
      system('id', 'UUID'),
      ...own,
      system('created_at', 'TIMESTAMP'),
      system('updated_at', 'TIMESTAMP'),
      system('version', 'INTEGER'),
      { name: '_seq', type: 'BIGINT' },
    ];
    return { name: textOf(memberOf(schema, 'name')), columns };
  });
}
