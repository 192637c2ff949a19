import { hash } from 'node:crypto';
import type { Call } from '#application/call.ts';
import type { CreateRecordResult } from '#application/records/commands/create-record.ts';
import type { CreateRecordsResult } from '#application/records/commands/create-records.ts';
import type { Once } from '#application/records/idempotency.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { JsonArray, type JsonObject, writeJson } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { invalid, textMember } from '../json-body.ts';
import { recordJson } from '../record-json.ts';
import { optionalText } from './messages.ts';

/**
 * Stores the row or the rows of a message, all or none.
 * @returns the members of the acknowledgement, once the rows are on disk
 */
export async function insertRows(useCases: UseCases, json: JsonObject, call: Call): Promise<string> {
  const schema = textMember(json, 'schema_name');
  const onConflict = optionalText(json, 'on_conflict');
  const data = json.get('data');
  if (data === undefined) throw invalid('/data', 'data is missing; send a row, or an array of rows.');
  if (data instanceof JsonArray) {
    const rows = { kind: 'parsed', items: data.items } as const;
    const once = readOnce(json, call, saidOfMany);
    const done = await useCases.createRecords({ schema, rows, onConflict, returnRecords: true, once }, call);
    return done.replayed === null ? saidOfMany(done.result) : done.replayed.body;
  }
  const once = readOnce(json, call, saidOfOne);
  const done = await useCases.createRecord({ schema, data, onConflict, once }, call);
  return done.replayed === null ? saidOfOne(done.result) : done.replayed.body;
}

function saidOfOne({ dataset, record, outcome }: CreateRecordResult): string {
  const created = outcome === 'created' ? 1 : 0;
  const updated = outcome === 'updated' ? 1 : 0;
  return said(dataset, { created, updated, ignored: 1 - created - updated }, [record]);
}

function saidOfMany({ dataset, records, ...counts }: CreateRecordsResult): string {
  return said(dataset, counts, Array.isArray(records) ? (records as readonly StoredRecord[]) : []);
}

function said(
  dataset: Dataset,
  { created, updated, ignored }: { readonly created: number; readonly updated: number; readonly ignored: number },
  records: readonly StoredRecord[],
): string {
  const shown = records.map(recordJson(dataset)).join(',');
  return `"records_created":${created},"records_updated":${updated},"records_ignored":${ignored},"records":[${shown}]`;
}

/** A repeated key gives the first answer; its scope is the caller, it is compared by what is to be stored. */
function readOnce<T>(json: JsonObject, call: Call, say: (result: T) => string): Once<T> | null {
  const key = optionalText(json, 'idempotency_key');
  if (key === null) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    const message = 'idempotency_key must be 1 to 255 printable ASCII characters without blanks.';
    throw new DataForgeError('invalid_parameter', message, { faults: [{ pointer: '/idempotency_key', message }] });
  }
  const asked = ['schema_name', 'data', 'on_conflict'].map((name) => writeJson(json.get(name) ?? null));
  const digest = hash('sha256', asked.join('\n'));
  return {
    scope: hash('sha256', [call.caller.name, 'websocket', 'insert', key].join('\n')),
    hash: () => digest,
    hashRead: () => digest,
    answer: (result) => ({ status: 201, headers: {}, body: say(result) }),
  };
}
