import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether this machine has the real one. */
export const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** What the guides use of curl, for machines that have none. @returns what it prints */
export async function curl(args: readonly string[], folder: string): Promise<string> {
  const headers = new Headers();
  let method: string | undefined;
  let body: string | Buffer | undefined;
  let url = '';
  let output: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    const next = () => args[++at] ?? '';
    if (word === '-X') method = next();
    else if (word === '-H') {
      const [name = '', value = ''] = next().split(/:\s*(.*)/s);
      headers.set(name, value);
    } else if (word === '-d') body = next();
    else if (word === '--data-binary') body = await readFile(join(folder, next().replace(/^@/, '')));
    else if (word === '-o') output = next();
    else if (word === '-u') headers.set('authorization', `Basic ${btoa(next())}`);
    else if (word.startsWith('http')) url = word;
    else throw new Error(`curl ${word} is not known here`);
  }
  const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : null;
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
  const init = { method: method ?? (body === undefined ? 'GET' : 'POST'), headers };
  const response = await fetch(url, body === undefined ? init : { ...init, body });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (output === undefined) return bytes.toString();
  await writeFile(join(folder, output), bytes);
  return '';
}
