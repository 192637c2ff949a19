import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeCertificate } from '../support/certificate.ts';
import { ServerProcess } from '../support/server-process.ts';

const FORGE = fileURLToPath(new URL('../../src/presentation/cli/main.ts', import.meta.url));
const NOTES = `name: notes\nproperties:\n  - {name: text, type: string, required: true}\n`;

describe('HTTP over TLS', () => {
  let folder: string;
  let server: ServerProcess;
  let certificate: Awaited<ReturnType<typeof writeCertificate>>;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-tls-'));
    certificate = await writeCertificate(folder, 'forge.example');
    await writeFile(join(folder, 'notes.yaml'), NOTES);
    env = { TLS_CERT: certificate.cert, TLS_KEY: certificate.key, ALLOWED_HOSTS: 'forge.example' };
    server = await ServerProcess.start(join(folder, 'data'), folder, env);
  });
  afterAll(async () => {
    await server.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  /** As a client that knows the name calls, wherever the name leads. */
  function call(path: string, init: object = {}): ReturnType<typeof fetch> {
    const dispatcher = new Agent({ connect: { ca: certificate.pem, servername: 'forge.example' } });
    return fetch(new URL(path, server.url), { ...init, dispatcher });
  }

  test('answers whoever trusts its certificate', async () => {
    expect(server.url).toMatch(/^https:/);
    const body = JSON.stringify({ schema_name: 'notes', data: { text: 'sealed' } });
    const created = await call('/api/v1/records', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url },
      body,
    });
    expect(created.status).toBe(201);
    const stream = await call('/api/v1/records/notes/stream');
    expect(JSON.parse(await stream.text()).data).toEqual({ text: 'sealed' });
  });

  test('is not taken for somebody else, and speaks no plain HTTP', async () => {
    await expect(fetch(server.url)).rejects.toThrow();
    await expect(fetch(server.url.replace('https:', 'http:'))).rejects.toThrow();
    expect((await call('/health/live')).status).toBe(200);
  });

  test('the command line of the same machine trusts the certificate that the server names', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [FORGE, 'count', 'notes', '--json'], {
      env: { ...process.env, ...env, DATA_DIR: join(folder, 'data'), DATASETS_DIR: folder },
    });
    expect(JSON.parse(stdout)).toMatchObject({ count: 1 });
  });

  test.each([
    [{ TLS_CERT: 'certificate.pem' }, 'TLS_CERT and TLS_KEY belong together; set both, or neither.'],
    [{ TLS_CERT: 'none.pem', TLS_KEY: 'none.pem' }, 'TLS_CERT names "none.pem", which cannot be read'],
  ])('%j stops the start', async (settings, message) => {
    const started = ServerProcess.start(join(folder, 'other'), folder, settings as Record<string, string>);
    await expect(started).rejects.toThrow(message);
  });
});
