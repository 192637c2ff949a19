import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SignatureScheme } from '#domain/pipeline/push.ts';
import { isAuthentic } from './check-signature.ts';

const SECRET = [{ secret: 'ANY' }];
const FIVE_MINUTES = 300_000;

function isTaken(
  scheme: SignatureScheme,
  secrets: readonly string[],
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
  now = 0,
): boolean {
  const request = { header: (name: string) => headers[name] ?? null, body: Buffer.from(body) };
  return isAuthentic(scheme, secrets, request, now);
}

/** By another implementation than the one that is tested. */
async function hmacHex(secret: string, content: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', Buffer.from(secret), algorithm, false, ['sign']);
  return Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from(content))).toString('hex');
}

describe('an HMAC in a header', () => {
  const github = {
    kind: 'hmac',
    secret: SECRET,
    header: 'X-Hub-Signature-256',
    prefix: 'sha256=',
    encoding: 'hex',
  } as const;
  // From the documentation of GitHub's webhooks.
  const secret = "It's a Secret to Everybody";
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  const signed = { 'x-hub-signature-256': signature };

  test('is taken as GitHub publishes it', () => {
    expect(isTaken(github, [secret], signed, 'Hello, World!')).toBe(true);
    expect(isTaken(github, ['new one', secret], signed, 'Hello, World!')).toBe(true);
  });

  test.each([
    ['another body', [secret], signed, 'Hello, World'],
    ['another secret', ['no'], signed, 'Hello, World!'],
    ['no header', [secret], {}, 'Hello, World!'],
    ['no prefix', [secret], { 'x-hub-signature-256': signature.slice(7) }, 'Hello, World!'],
    ['half of it', [secret], { 'x-hub-signature-256': signature.slice(0, 40) }, 'Hello, World!'],
    ['nothing behind the prefix', [secret], { 'x-hub-signature-256': 'sha256=' }, 'Hello, World!'],
  ])('is refused with %s', (_name, secrets, headers, body) => {
    expect(isTaken(github, secrets, headers as Record<string, string>, body)).toBe(false);
  });

  test('may be base64, and one of several', () => {
    const base64 = Buffer.from(signature.slice(7), 'hex').toString('base64');
    const scheme = { ...github, prefix: '', encoding: 'base64' } as const;
    const other = Buffer.alloc(32).toString('base64');
    const headers = { 'x-hub-signature-256': `${other}, ${base64}` };
    expect(isTaken(scheme, [secret], headers, 'Hello, World!')).toBe(true);
  });
});

describe('a signature of Standard Webhooks', () => {
  const scheme = { kind: 'standard', secret: SECRET, tolerance: FIVE_MINUTES } as const;
  // From the tests that the specification comes with.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const body = '{"test": 2432232314}';
  const sent = 1_614_265_330_000;

  test('is taken as it is published, with or without what stands before the secret', () => {
    expect(isTaken(scheme, [secret], headers, body, sent)).toBe(true);
    expect(isTaken(scheme, [secret.slice(6)], headers, body, sent + FIVE_MINUTES)).toBe(true);
    const both = { ...headers, 'webhook-signature': `v1a,xyz v1,AAAA ${headers['webhook-signature']}` };
    expect(isTaken(scheme, [secret], both, body, sent - FIVE_MINUTES)).toBe(true);
  });

  test('is refused later, earlier, and for another message', () => {
    expect(isTaken(scheme, [secret], headers, body, sent + FIVE_MINUTES + 1)).toBe(false);
    expect(isTaken(scheme, [secret], headers, body, sent - FIVE_MINUTES - 1)).toBe(false);
    expect(isTaken(scheme, [secret], { ...headers, 'webhook-id': 'msg_2' }, body, sent)).toBe(false);
    expect(isTaken(scheme, [secret], { ...headers, 'webhook-timestamp': '1614265331' }, body, sent)).toBe(false);
    expect(isTaken(scheme, [secret], headers, '{"test":2432232314}', sent)).toBe(false);
  });
});

describe('a signature with its time', () => {
  const scheme = { kind: 'timestamped', secret: SECRET, header: 'Stripe-Signature', tolerance: FIVE_MINUTES } as const;

  test('is taken within the tolerance, also as one of several', async () => {
    const signature = await hmacHex('whsec_a', '1700000000.{"id":"evt_1"}');
    const headers = { 'stripe-signature': `t=1700000000,v1=${'0'.repeat(64)},v1=${signature},v0=abc` };
    const body = '{"id":"evt_1"}';
    expect(isTaken(scheme, ['whsec_b', 'whsec_a'], headers, body, 1_700_000_000_000)).toBe(true);
    expect(isTaken(scheme, ['whsec_b'], headers, body, 1_700_000_000_000)).toBe(false);
    expect(isTaken(scheme, ['whsec_a'], headers, body, 1_700_000_301_000)).toBe(false);
    const moved = { 'stripe-signature': headers['stripe-signature'].replace('t=1700000000', 't=1700000200') };
    expect(isTaken(scheme, ['whsec_a'], moved, body, 1_700_000_301_000)).toBe(false);
  });
});

test('a bearer token is taken, by itself alone', () => {
  const scheme = { kind: 'bearer', secret: SECRET } as const;
  expect(isTaken(scheme, ['one', 'two'], { authorization: 'Bearer two' }, '')).toBe(true);
  for (const authorization of ['Bearer three', 'Bearer ', 'two', 'Basic two', 'Bearer two three']) {
    expect(isTaken(scheme, ['one', 'two'], { authorization }, '')).toBe(false);
  }
  expect(isTaken(scheme, ['one'], {}, '')).toBe(false);
});

test('what is signed is taken, and nothing that differs from it', async () => {
  const scheme = { kind: 'timestamped', secret: SECRET, header: 'S', tolerance: FIVE_MINUTES } as const;
  const any = fc.record({
    secret: fc.string({ minLength: 1 }),
    body: fc.string({ unit: 'binary' }),
    seconds: fc.integer({ min: 0, max: 2e9 }),
    off: fc.integer({ min: -400, max: 400 }),
    other: fc.string({ unit: 'binary' }),
  });
  await fc.assert(
    fc.asyncProperty(any, async ({ secret, body, seconds, off, other }) => {
      const headers = { s: `t=${seconds},v1=${await hmacHex(secret, `${seconds}.${body}`)}` };
      const now = (seconds + off) * 1000;
      expect(isTaken(scheme, [secret], headers, body, now)).toBe(Math.abs(off) <= 300);
      const isSame = Buffer.from(other).equals(Buffer.from(body));
      expect(isTaken(scheme, [secret], headers, other, seconds * 1000)).toBe(isSame);
    }),
  );
});
