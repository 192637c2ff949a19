import type { FastifyInstance } from 'fastify';
import type { CreateRecordResult } from '#application/records/commands/create-record.ts';
import type { CreateRecordsResult } from '#application/records/commands/create-records.ts';
import type { GivenAnswer } from '#application/records/idempotency.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { invalid, parseObject, textMember } from '../../json-body.ts';
import { recordJson } from '../../record-json.ts';
import { readBulkBody } from '../bulk-body.ts';
import { etagOf } from '../conditional.ts';
import { readOnce, sendKept } from '../idempotency-key.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import type { RestRequest } from '../rest-request.ts';

/** Making records from bodies of JSON. */
export function createRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.post('/records', async (request, reply) => {
    const onConflict = new QueryParameters(request, ['on_conflict']).text('on_conflict');
    const bytes = await readJsonBytes(request, limits);
    const { forge } = request;
    const json = forge.observation.time('parse', () => parseObject(bytes, ['schema_name', 'data']));
    const schema = textMember(json, 'schema_name');
    const data = json.get('data');
    if (data === undefined) throw invalid('/data', 'data is missing.');
    const answer = once((result: CreateRecordResult) => createdOne(forge, result));
    const done = await useCases.createRecord(
      { schema, data, onConflict, once: readOnce(request, bytes, answer) },
      forge.call(),
    );
    return sendKept(request, reply, done.replayed ?? answer(done.result));
  });

  server.post('/records/bulk', async (request, reply) => {
    const query = new QueryParameters(request, ['on_conflict', 'on_invalid']);
    if ((query.text('on_invalid') ?? 'abort') !== 'abort') {
      throw new DataForgeError(
        'invalid_parameter',
        'Here all rows are stored or none; to store the good ones only, send them to /records/{schema}/bulk?on_invalid=reject.',
        { faults: [{ pointer: '/on_invalid', message: 'must be abort here' }] },
      );
    }
    const onConflict = query.text('on_conflict');
    const returnRecords = !/(?:^|[,;\s])return\s*=\s*"?minimal"?/i.test(String(request.headers.prefer ?? ''));
    const bytes = await readJsonBytes(request, limits);
    const { forge } = request;
    const { schema, rows } = forge.observation.time('parse', () => readBulkBody(bytes, limits));
    const answer = once((result: CreateRecordsResult) =>
      createdMany(forge, result, onConflict !== null, !returnRecords),
    );
    const done = await useCases.createRecords(
      { schema, rows, onConflict, returnRecords, once: readOnce(request, bytes, answer) },
      rows.kind === 'parsed' ? forge.call() : forge.abortableCall(),
    );
    return sendKept(request, reply, done.replayed ?? answer(done.result));
  });
}

/** An answer is rendered once, be it for the mark, for the reply or for both. */
function once<T>(render: (result: T) => GivenAnswer): (result: T) => GivenAnswer {
  let answer: GivenAnswer | undefined;
  return (result) => {
    answer ??= render(result);
    return answer;
  };
}

const SAID = {
  created: 'Record created',
  updated: 'Record updated',
  unchanged: 'The record is the same already',
  ignored: 'The record was there already',
} as const;

function createdOne({ observation }: RestRequest, { dataset, record, outcome }: CreateRecordResult): GivenAnswer {
  return observation.time('render', () => ({
    status: outcome === 'created' ? 201 : 200,
    headers: {
      etag: etagOf(record.version),
      ...(outcome === 'created'
        ? { location: `/api/v1/records/${encodeURIComponent(dataset.name)}/${record.id}` }
        : {}),
    },
    body: `{"success":true,"message":"${SAID[outcome]}","record":${recordJson(dataset)(record)}}`,
  }));
}

function createdMany(
  { observation }: RestRequest,
  { dataset, created, updated, ignored, records }: CreateRecordsResult,
  hasPolicy: boolean,
  isMinimal: boolean,
): GivenAnswer {
  return observation.time('render', () => {
    const said = `${created} ${created === 1 ? 'record' : 'records'} created`;
    const others = hasPolicy ? `,"records_updated":${updated},"records_ignored":${ignored}` : '';
    const head = `{"success":true,"message":"${said}","records_created":${created}${others}`;
    const headers = isMinimal ? { 'preference-applied': 'return=minimal' } : {};
    return { status: 201, headers, body: records === null || isMinimal ? `${head}}` : withRecords(head, records) };
  });

  function withRecords(head: string, records: readonly StoredRecord[] | Uint8Array): string | Uint8Array {
    return records instanceof Uint8Array
      ? Buffer.concat([Buffer.from(`${head},"records":[`), records, Buffer.from(']}')])
      : `${head},"records":[${records.map(recordJson(dataset)).join(',')}]}`;
  }
}
