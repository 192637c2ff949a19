import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import { ArrowEncoder } from '#formats/arrow/arrow-encoder.ts';
import { frameHeader } from '#formats/flight/flight-data.ts';
import {
  CreatePreparedStatement,
  PreparedStatement,
  packCommand,
  unpackCommand,
} from '#formats/flight/flight-sql-messages.ts';
import { handleOf } from './wanted.ts';

/** The actions that are offered, each with what it does. */
export const ACTIONS: Readonly<Record<string, string>> = {
  CreatePreparedStatement:
    'Prepares a query; the answer holds its handle and the schemas of its result and parameters.',
  ClosePreparedStatement: 'Ends a prepared statement; nothing of it is kept here, so nothing is to be done.',
};

/** @throws DataForgeError `unknown_route` for an action that is not offered */
export async function act(type: string, body: Uint8Array, useCases: UseCases, call: Call): Promise<Uint8Array[]> {
  switch (type) {
    case 'CreatePreparedStatement': {
      const { query } = CreatePreparedStatement.decode(unpackCommand(body)?.value ?? new Uint8Array(0));
      const { columns, parameters } = await useCases.describeSql({ sql: query }, call);
      // What a parameter holds is known when it comes.
      const placeholders = parameters.map((name) => ({ name, type: { kind: 'null' } as const }));
      const result = {
        handle: handleOf({ sql: query, parameters: [] }),
        datasetSchema: frameHeader(new ArrowEncoder(columns).schema.header),
        parameterSchema: frameHeader(new ArrowEncoder(placeholders).schema.header),
      };
      return [packCommand('ActionCreatePreparedStatementResult', PreparedStatement, result)];
    }
    case 'ClosePreparedStatement':
      return [];
    default:
      throw new DataForgeError(
        'unknown_route',
        `There is no action "${type.slice(0, 100)}"; ListActions tells those there are.`,
      );
  }
}
