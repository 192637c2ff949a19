import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, writeJson } from '#domain/record/json.ts';
import { readBulkBody } from './bulk-body.ts';

const SMALL = { inlineRows: 500, inlineBytes: 1_000_000 };
const LARGE = { inlineRows: 0, inlineBytes: 0 };

/** What is read, in one form, whether the rows were parsed or passed on. */
function read(text: string, limits: typeof SMALL) {
  const { schema, rows } = readBulkBody(Buffer.from(text), limits);
  const items = rows.kind === 'parsed' ? rows.items : parseJson(Buffer.from(rows.json).toString());
  return { schema, rows: Array.isArray(items) ? items.map(writeJson).join() : writeJson(items as never).slice(1, -1) };
}

test('the frame of a large body is read as the whole of a small one is', () => {
  const space = fc.constantFrom('', ' ', '\n\t ', '\r\n');
  fc.assert(
    fc.property(fc.string(), fc.array(fc.jsonValue()), fc.boolean(), space, (schema, rows, first, gap) => {
      const name = `"schema_name"${gap}:${gap}${JSON.stringify(schema.toWellFormed().replaceAll('\0', ''))}`;
      const data = `"data"${gap}:${gap}${JSON.stringify(rows).replaceAll('\\u0000', '')}`;
      const body = `${gap}{${gap}${first ? `${name}${gap},${gap}${data}` : `${data}${gap},${gap}${name}`}${gap}}${gap}`;
      let small: unknown;
      try {
        small = read(body, SMALL);
      } catch {
        return;
      }
      expect(read(body, LARGE)).toEqual(small);
    }),
  );
});

test.each([
  '',
  '[]',
  '{',
  '{}',
  '{"schema_name":"a"}',
  '{"data":[]}',
  '{"schema_name":5,"data":[]}',
  '{"schema_name":"a","data":{}}',
  '{"schema_name":"a","data":[],"x":1}',
  '{"schema_name":"a","data":[]} x',
  '{"schema_name":"a" "data":[]}',
  '{"schema_name":"a","schema_name":"b","data":[]}',
  '{"data":[],"data":[],"schema_name":"a"}',
  '{"schema_name":"a","data":[',
  '{"schema_name":"a","data":["',
  '{"schema_name":"a","data":',
  '{schema_name:"a","data":[]}',
])('%j is refused, small or large', (body) => {
  for (const limits of [SMALL, LARGE]) {
    expect(() => readBulkBody(Buffer.from(body), limits), JSON.stringify(limits)).toThrow(
      expect.objectContaining({ code: 'invalid_body' }),
    );
  }
});

test('what stands behind the rows goes on with them, for the engine to refuse', () => {
  const { rows } = readBulkBody(Buffer.from('{"schema_name":"a","data":[1],"x":[2]}'), LARGE);
  expect(rows).toMatchObject({ kind: 'text' });
  expect(Buffer.from((rows as { json: Uint8Array }).json).toString()).toBe('[1],"x":[2]');
});
