import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type TestServer } from '../rest/support/server.ts';

/** The Chromium to look with: FORGE_TEST_CHROMIUM, or where Linux systems have it. */
const PLACES = [
  process.env.FORGE_TEST_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const CHROMIUM = PLACES.find((place) => place !== undefined && existsSync(place));
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';
const leftOut = CHROMIUM !== undefined || REQUIRED ? '' : ' (left out: Chromium is not there)';

let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  server = await startServer('duckdb');
  await server.create('notes', { text: 'seen in a browser', rank: 7 });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Opens a page; whatever it asks for elsewhere, and whatever goes wrong in it, is gathered. */
async function open(path: string): Promise<{ page: Page; elsewhere: string[]; wrong: string[] }> {
  const page = await browser.newPage();
  const elsewhere: string[] = [];
  const wrong: string[] = [];
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== server.url) elsewhere.push(request.url());
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  await page.goto(server.url + path);
  return { page, elsewhere, wrong };
}

const look = it.runIf(CHROMIUM !== undefined || REQUIRED);

look(
  `the page of the REST API shows every dataset and asks for nothing elsewhere${leftOut}`,
  async () => {
    const { page, elsewhere, wrong } = await open('/docs');
    for (const name of ['notes', 'wells']) {
      await page.getByText(name, { exact: false }).first().waitFor({ timeout: 30_000 });
    }
    expect(await page.title()).toContain('Data Forge');
    expect(elsewhere).toEqual([]);
    expect(wrong).toEqual([]);
    await page.close();
  },
  60_000,
);

look(
  `the GraphQL explorer runs a query and asks for nothing elsewhere${leftOut}`,
  async () => {
    const { page, elsewhere } = await open(
      '/docs/graphql?query=%7B%20listNotes%20%7B%20items%20%7B%20text%20rank%20%7D%20%7D%20%7D',
    );
    await page.locator('.graphiql-execute-button').waitFor({ timeout: 45_000 });
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window').getByText('seen in a browser').waitFor({ timeout: 30_000 });
    expect(elsewhere).toEqual([]);
    await page.close();
  },
  90_000,
);

look(
  `a page of this server speaks WebSocket to it${leftOut}`,
  async () => {
    const { page } = await open('/docs/errors');
    const told = await page.evaluate(
      () =>
        new Promise<string[]>((resolve, reject) => {
          const texts: string[] = [];
          const socket = new WebSocket('/ws');
          socket.onopen = () => socket.send('{"type":"query","id":"q","schema_name":"notes","fields":["rank"]}');
          socket.onerror = () => reject(new Error('no connection'));
          socket.onmessage = ({ data }) => {
            texts.push(JSON.parse(data).type);
            if (texts.at(-1) === 'done') resolve(texts);
          };
        }),
    );
    expect(told).toEqual(['hello', 'rows', 'done']);
    await page.close();
  },
  30_000,
);
