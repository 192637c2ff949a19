import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate of its own for a host name, and its private key, as PEM files in a folder. */
export async function writeCertificate(
  folder: string,
  hostName: string,
): Promise<{ readonly cert: string; readonly key: string; readonly pem: string }> {
  const made = await generate([{ name: 'commonName', value: hostName }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: hostName }] }],
  });
  const files = { cert: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  await writeFile(files.cert, made.cert);
  await writeFile(files.key, made.private, { mode: 0o600 });
  return { ...files, pem: made.cert };
}
