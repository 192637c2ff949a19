import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTlsFiles } from './tls-files.ts';

test('files that cannot be read or are no certificate are told in one sentence with the setting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'data-forge-tls-'));
  try {
    const text = join(folder, 'text.pem');
    writeFileSync(text, 'no certificate');
    expect(() => readTlsFiles({ FLIGHT_TLS_CERT: text, FLIGHT_TLS_KEY: join(folder, 'none.pem') })).toThrow(
      /^FLIGHT_TLS_KEY names ".*none\.pem", which cannot be read/,
    );
    expect(() => readTlsFiles({ FLIGHT_TLS_CERT: text, FLIGHT_TLS_KEY: text })).toThrow(
      /^FLIGHT_TLS_CERT and FLIGHT_TLS_KEY are not a certificate/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
