import { afterAll, beforeAll, expect, it } from 'vitest';
import { DESCRIPTOR_PATH } from '#formats/flight/flight-messages.ts';
import { startServer, type TestServer } from '../rest/support/server.ts';
import { FlightClient } from './flight-client.ts';

const UNAUTHENTICATED = 16;
const SECRET = '0123456789abcdef0';
let server: TestServer;
beforeAll(async () => {
  server = await startServer('memory', { env: { API_TOKENS: `reader:${SECRET}:read` } });
});
afterAll(() => server.close());

const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => 0,
    ({ code }: { code: number }) => code,
  );

it.each([null, 'wrong', `${SECRET}x`, SECRET.slice(0, -1)])(
  'every call with the token %s is refused',
  async (token) => {
    const stranger = new FlightClient(server.app.flightAddress ?? '', token);
    const descriptor = { type: DESCRIPTOR_PATH, path: ['notes'] };
    const drain = (method: 'ListFlights' | 'ListActions' | 'DoAction', request: object) =>
      stranger.stream(method, request).toArray();
    const calls = [
      stranger.unary('GetFlightInfo', descriptor),
      stranger.unary('GetSchema', descriptor),
      stranger.get('{"dataset":"notes"}'),
      stranger.put([{ descriptor, header: Buffer.alloc(0), body: Buffer.alloc(0) }] as never),
      drain('ListFlights', { expression: Buffer.alloc(0) }),
      drain('ListActions', {}),
      drain('DoAction', { type: 'GetMarks', body: Buffer.from('{"dataset":"notes","names":[]}') }),
      drain('DoAction', { type: 'CreatePreparedStatement', body: Buffer.alloc(0) }),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => UNAUTHENTICATED));
    stranger.close();
  },
);
