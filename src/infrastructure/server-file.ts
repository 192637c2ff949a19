import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a running server leaves in its data folder, for the command line to find it. */
export interface ServerFacts {
  /** `http://HOST:PORT` or `https://HOST:PORT`, as this machine can reach it. */
  readonly address: string;
  /** The file of its certificate, where it speaks TLS. */
  readonly certificate?: string;
  /** `grpc://HOST:PORT` of Arrow Flight, where it is served. */
  readonly flight?: string;
  readonly pid: number;
  readonly version: string;
  /** ISO 8601. */
  readonly started_at: string;
}

const NAME = 'server.json';

/** Writes `server.json`; a reader sees the old file or the new one, never half of either. */
export async function writeServerFile(dataDir: string, facts: ServerFacts): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const temporary = join(dataDir, `${NAME}.${facts.pid}.tmp`);
  await writeFile(temporary, `${JSON.stringify(facts, null, 2)}\n`);
  await rename(temporary, join(dataDir, NAME));
}

/** Removes it, unless another server has written its own meanwhile. */
export async function removeServerFile(dataDir: string, pid: number): Promise<void> {
  const path = join(dataDir, NAME);
  try {
    const facts = JSON.parse(await readFile(path, 'utf8')) as Partial<ServerFacts>;
    if (facts.pid === pid) await rm(path, { force: true });
  } catch {
    // It is gone already, or was never ours.
  }
}
