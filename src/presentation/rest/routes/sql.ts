import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RunSqlRequest } from '#application/sql/queries/run-sql.ts';
import { DataForgeError } from '#domain/errors.ts';
import { rowsAsArrays } from '#formats/sql/write-sql-rows.ts';
import { parseObject } from '../../json-body.ts';
import { readSqlRequest, SQL_MEMBERS } from '../../sql-request.ts';
import { negotiateType } from '../accept.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson, sendStream } from '../send.ts';
import { STREAM_TYPES } from './stream.ts';

/** What an answer to SQL can be asked for by `Accept`; JSON where it says nothing. */
export const SQL_TYPES = ['application/json', ...Object.keys(STREAM_TYPES)] as readonly (
  | 'application/json'
  | keyof typeof STREAM_TYPES
)[];

/** People's SQL. */
export function sqlRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.post('/query', { config: { anyType: true } }, async (request, reply) => {
    new QueryParameters(request, []);
    const offer = negotiateType(request.headers.accept, SQL_TYPES);
    if (offer === null) {
      throw new DataForgeError(
        'not_acceptable',
        `An answer can be had as ${SQL_TYPES.join(', ')}; name one of them in Accept.`,
        { details: { available: SQL_TYPES } },
      );
    }
    const bytes = await readJsonBytes(request, limits);
    const { forge } = request;
    const asked = forge.observation.time('parse', () => readSqlRequest(parseObject(bytes, SQL_MEMBERS)));
    forge.plan = { sql: asked.sql.slice(0, 2000), limit: asked.limit, format: offer };
    if (offer === 'application/json') return sendRows(request, reply, asked);
    const { format, type } = STREAM_TYPES[offer];
    const answer = await useCases.streamSql({ ...asked, format }, forge.abortableCall());
    return sendStream(request, reply, answer.bytes, { type, compressible: format !== 'parquet' });
  });

  async function sendRows(request: FastifyRequest, reply: FastifyReply, asked: RunSqlRequest): Promise<FastifyReply> {
    const { forge } = request;
    const { columns, batches, rowCount, truncated } = await useCases.runSql(asked, forge.abortableCall());
    const json = forge.observation.time('render', () => {
      const rows = batches.flatMap((batch) => [...rowsAsArrays(columns, batch)]).slice(0, rowCount);
      const shown = columns.map(({ name, typeName }) => ({ name, type: typeName }));
      return (
        `{"success":true,"columns":${JSON.stringify(shown)},"rows":[${rows.join(',')}],"row_count":${rowCount},` +
        `"truncated":${truncated},"execution_time_ms":${forge.executionTime()}}`
      );
    });
    return sendJson(request, reply, 200, json);
  }
}
