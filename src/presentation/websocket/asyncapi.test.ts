import { readFileSync } from 'node:fs';
import asyncApiSchemas from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { asyncApi } from './asyncapi.ts';
import { CLIENT_MESSAGES } from './messages.ts';
import { webSocketPage } from './messages-page.ts';

test('the document is AsyncAPI 3, by the schema of those who wrote the specification', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, meta: false, validateSchema: false });
  const validate = ajv.compile(asyncApiSchemas.schemas['3.0.0'] as object);
  validate(asyncApi('1.0.0'));
  expect(validate.errors).toBeNull();
});

test('every message that the server takes is described, with every member', () => {
  const { components } = asyncApi('1.0.0') as {
    components: { messages: Record<string, { payload: { properties: Record<string, { description?: string }> } }> };
  };
  for (const [type, members] of Object.entries(CLIENT_MESSAGES)) {
    const described = components.messages[type]?.payload.properties ?? {};
    expect(Object.keys(described)).toEqual(['type', ...members]);
    for (const member of members) expect(described[member]?.description, member).toBeTruthy();
  }
});

test('the page of the messages is made of the tables (node scripts/write-reference.ts)', () => {
  const page = readFileSync(new URL('../../../docs/reference/websocket.md', import.meta.url), 'utf8');
  expect(page).toBe(webSocketPage());
});
