import { HOSTILE_VALUES, type HostileValue } from './hostile-values.ts';

/** Many shapes of a row round one value that is sent for a property. */
function rowsAround([property, sent]: HostileValue, number: number): string[] {
  const name = JSON.stringify(property);
  const escaped = `"\\u${property.charCodeAt(0).toString(16).padStart(4, '0')}${property.slice(1)}"`;
  const id = `0190a6c2-1b7e-7cc3-9d2f-${number.toString(16).padStart(12, '0')}`;
  const first = property === 'text' ? '' : '"text":"t",';
  const last = property === 'unit' ? '' : ',"unit":0.5';
  return [
    `{${name}:${sent}}`,
    `{${first}${name}:${sent}${last}}`,
    ` {\t${name} : ${sent} } `,
    `{"unit":0.25,${name}:${sent}}`,
    `{${escaped}:${sent}}`,
    `{${name}:${sent},${name}:${sent}}`,
    `{${name}:${sent},"unknown":1}`,
    `{${name}:${sent},}`,
    `{${name}:${sent}`,
    `{${name}:${sent}}}`,
    `{${name}:${sent}}{${name}:${sent}}`,
    `{"id":"${id}",${name}:${sent}}`,
    `{${name}:${sent},"created_at":"2024","version":7}`,
    `[{${name}:${sent}}]`,
  ];
}

/** The same as whole records. */
function recordsAround([property, sent]: HostileValue, number: number): string[] {
  const name = JSON.stringify(property);
  const id = `0190a6c2-1b7e-7cc3-9d2f-${number.toString(16).padStart(12, '0')}`;
  return [
    `{"id":"${id}","schema_name":"roads","data":{${name}:${sent}},"created_at":"2024","updated_at":null,"version":1}`,
    `{"data":{${name}:${sent}}}`,
    `{ "schema_name" : "roads" , "data" : { ${name} : ${sent} } }`,
    `{"schema_name":"other","data":{${name}:${sent}}}`,
    `{"data":{${name}:${sent}},"unknown":1}`,
    `{"data":{${name}:${sent},},"version":1}`,
    `{"id":null,"data":{"unit":0.5,${name}:${sent}}}`,
  ];
}

const ID = '0190a6c2-1b7e-7cc3-9d2f-00000000aaa';

/** Rows that are odd in themselves. */
export const ODD_ROWS: readonly string[] = [
  '{}',
  ' { } ',
  '{"data":{}}',
  '{"schema_name":"roads"}',
  '{"schema_name":"roads","data":null}',
  '{"schema_name":"roads","data":[]}',
  '{"schema_name":"roads","data":{}}',
  '{"schema_name":5,"data":{}}',
  '{"data":{"data":{}}}',
  '{"data":5}',
  '{"data":{"big":1},"data":{"big":2}}',
  '{"data":{"big":1},"id":"x"}',
  `{"data":{"big":1},"id":"${ID}1","id":"${ID}2"}`,
  `{"data":{"big":1,"id":"${ID}3"},"id":"${ID}4"}`,
  `{"id":"${ID}5","_id":"${ID}6","big":1}`,
  `{"_id":"${ID}7","id":"${ID}8","big":1}`,
  `{"_id":"${ID}9","id":null,"big":1}`,
  '{"id":"","big":1}',
  '{"id":5,"big":1}',
  '{"id":null,"big":1}',
  `{"id":"{${ID}a}","big":1}`,
  `{"id":"${ID.replaceAll('-', '')}b","big":1}`,
  `{"id":"${ID.toUpperCase()}C","big":1}`,
  '{"BIG":1}',
  '{"Big":1,"big":2}',
  '{"big ":1}',
  '{"":1}',
  '{"__proto__":1}',
  '{"toString":1}',
  '{"constructor":{"big":1}}',
  '{"_seq":1,"_version":{"a":1},"_created_at":[1],"big":3}',
  '{"version":"x","updated_at":5,"created_at":null,"big":4}',
  '{"seq":1}',
  '{"created_at":1.5,"big":5}',
  'null',
  'true',
  '5',
  '"text"',
  '[]',
  '[{"big":1}]',
  '{"big":1}{"big":2}',
  '{"big":1},',
  '{"big":1};',
  '{"big":1} // comment',
  '{"big":1 /* comment */}',
  "{'big':1}",
  '{big:1}',
  '{"big":1,,"int":2}',
  '{,"big":1}',
  '{"big" 1}',
  '{"big"::1}',
  '{"big":1 "int":2}',
  '{"big":1}"int":2}',
  '{"big":1}"int":2,',
  '{"big":1,',
  '{',
  '}',
  '\ufeff{"big":1}',
  '{"big":1}\ufeff',
  '\u00a0{"big":1}',
  '{"big":\u00a01}',
  '{"big":1}\u2028',
  '{"big":1}\f',
  '{"big":1}\v',
  '{"text":"\u2028\u2029\u0085"}',
  '{"text":"a","text":"a"}',
  '{"text":"a","\\u0074ext":"b"}',
  `{"text":"${'long '.repeat(1000)}","big":"x"}`,
];

/** Rows that are no text. */
export const BROKEN_ROWS: readonly Uint8Array[] = [
  '{"text":"\xff"}',
  '{"text":"\xc3"}',
  '{"text":"\xc0\x80"}',
  '{"text":"\xed\xa0\x80"}',
  '{"text":"\xf4\x90\x80\x80"}',
  '{"text":"\xe2\x82"}',
  '{"text":"a\x00b"}',
  '{"big":1}\x00',
  '{"big":1}\x01',
  '\x01{"big":1}',
  '{"text":"\x01"}',
].map((text) => Uint8Array.from(Buffer.from(text, 'latin1')));

export const VALUE_ROWS: readonly string[] = HOSTILE_VALUES.flatMap((value, at) => rowsAround(value, at));
export const RECORD_ROWS: readonly string[] = HOSTILE_VALUES.flatMap((value, at) => recordsAround(value, at));
