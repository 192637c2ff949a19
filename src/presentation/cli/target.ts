import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient, type Fetch } from './client.ts';
import type { CliConfig, CliHost } from './host.ts';
import { fetchTrusting } from './trusting-fetch.ts';

export interface TargetOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly flags: Readonly<Record<string, string>>;
  /** Where the store is opened for this command, even safe changes of dataset files wait. */
  readonly changesNothing?: boolean;
}

/** Where a command's work is done. */
export interface Target {
  readonly client: ApiClient;
  /** `remote`: named by --url. `local`: the running server of DATA_DIR. `own`: opened for this command alone. */
  readonly kind: 'remote' | 'local' | 'own';
  close(): Promise<void>;
}

/** The server named by `--url`, else the one that runs on DATA_DIR, else one of our own for this command. */
export async function openTarget(host: CliHost, options: TargetOptions): Promise<Target> {
  const token = options.token ?? host.env.FORGE_TOKEN ?? null;
  const url = options.url ?? host.env.FORGE_URL;
  if (url !== undefined && url !== '') return target(new ApiClient(url, token), 'remote');
  const config = host.loadConfig(options.flags);
  const secret = token ?? strongestToken(config);
  const running = await findServer(config.dataDir);
  if (running !== null) return target(new ApiClient(running.url, secret, running.fetch), 'local');
  const own = await host.startOwnServer(options.flags, options.changesNothing === true);
  return target(new ApiClient(own.url, secret), 'own', () => own.close());
}

function target(client: ApiClient, kind: Target['kind'], close: () => Promise<void> = async () => {}): Target {
  return { client, kind, close };
}

/** Who may read the settings of this machine's server may use its tokens. */
function strongestToken(config: CliConfig): string | null {
  const rank = ['read', 'write', 'admin'];
  const sorted = [...config.apiTokens].sort((a, b) => rank.indexOf(b.right) - rank.indexOf(a.right));
  return sorted[0]?.secret ?? null;
}

/** A server of this machine, and how to speak to it. */
export interface RunningServer {
  readonly url: string;
  readonly fetch: Fetch;
}

/** The server that has this folder open; null where none answers. */
export async function findServer(dataDir: string): Promise<RunningServer | null> {
  const facts = await readFile(join(dataDir, 'server.json'), 'utf8').then(JSON.parse, () => null);
  const { address, certificate, pid } = (facts ?? {}) as { address?: unknown; certificate?: unknown; pid?: unknown };
  if (typeof address !== 'string' || !URL.canParse(address)) return null;
  if (typeof pid === 'number' && !isRunning(pid)) return null;
  const fetch = typeof certificate === 'string' ? await fetchTrusting(certificate) : globalThis.fetch;
  const answer = await fetch(new URL('/health/live', address), { signal: AbortSignal.timeout(2000) }).catch(() => null);
  return answer?.ok ? { url: address, fetch } : null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
