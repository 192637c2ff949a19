import { expect, test } from 'vitest';
import { readPage, tellingNext } from './odata-page.ts';

const URL_OF_PAGE = new URL('http://service.test/odata/Wells?$top=2');
const ROWS = `[{"id":1,"@odata.nextLink":"no"},{"id":2}]`;

/** What is told while an answer comes in pieces of so many bytes, and after how many of them. */
async function toldOf(text: string, bytes: number): Promise<{ told: string[]; after: number; passed: string }> {
  const told: string[] = [];
  const passed: Uint8Array[] = [];
  let [came, after] = [0, 0];
  async function* body() {
    const all = Buffer.from(text);
    for (let at = 0; at < all.length; at += bytes) {
      came = Math.min(all.length, at + bytes);
      yield all.subarray(at, at + bytes);
    }
  }
  const onNext = (next: URL) => {
    told.push(next.href);
    after = came;
  };
  for await (const chunk of tellingNext(body(), URL_OF_PAGE, onNext)) passed.push(chunk);
  return { told, after, passed: Buffer.concat(passed).toString() };
}

test.each([1, 7, 64, 10_000])(
  'a link in front of the rows is told before they have come, in pieces of %s',
  async (bytes) => {
    const front = `\ufeff{ "@odata.context" : "$metadata#Wells", "@odata.nextLink":"Wells?$skiptoken=2","value"`;
    const text = `${front}:${ROWS}}`;
    const { told, after, passed } = await toldOf(text, bytes);
    expect(passed).toBe(text);
    expect(told).toEqual(['http://service.test/odata/Wells?$skiptoken=2']);
    expect(readPage(Buffer.from(text), URL_OF_PAGE).next?.href).toBe(told[0]);
    if (bytes < 64) expect(after).toBeLessThanOrEqual(Buffer.byteLength(front) + 1 + bytes);
  },
);

test.each([
  ['behind the rows', `{"value":${ROWS},"@odata.nextLink":"Wells?$skiptoken=2"}`],
  ['nowhere', `{"@odata.context":"$metadata#Wells","value":${ROWS}}`],
  ['in what is no JSON', `{"@odata.nextLink":"Wells?$skiptoken=2"`],
  ['in what is no object', '[1,2]'],
])('a link %s is not told before all has come', async (_where, text) => {
  for (const bytes of [5, 10_000]) expect(await toldOf(text, bytes)).toMatchObject({ told: [], passed: text });
});
