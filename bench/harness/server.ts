import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/launch.mjs', import.meta.url));

/** The real server in a process of its own. */
export interface BenchServer {
  readonly url: string;
  /** Where Arrow Flight answers; null where it does not. */
  readonly flight: string | null;
  readonly pid: number;
  /** The most memory the process has had, in bytes; null where the system does not tell. */
  peakMemory(): number | null;
  /** What it has now. */
  memory(): number | null;
  stop(): Promise<void>;
}

/** Starts the server as `npm start` does, on a free port, and waits until it answers. */
export async function startServer(
  dataDir: string,
  datasetsDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const serverFile = join(dataDir, 'server.json');
  rmSync(serverFile, { force: true });
  const child = spawn(process.execPath, [LAUNCHER, 'src/main.ts'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      DATA_DIR: dataDir,
      DATASETS_DIR: datasetsDir,
      PORT: '0',
      FLIGHT_PORT: '0',
      LOG_LEVEL: 'error',
      ...settings,
    },
  });
  const { url, flight, pid } = await waitForAddress(child, serverFile);
  return { url, flight, pid, ...memoryOf(pid), stop: () => stop(child) };
}

/** Starts a script of this folder that prints its address as its first line. */
export async function startScript(script: string, args: readonly string[] = []): Promise<BenchServer> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (line) => resolve(String(line).trim()));
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
  });
  const pid = child.pid ?? 0;
  return { url, flight: null, pid, ...memoryOf(pid), stop: () => stop(child) };
}

async function waitForAddress(
  child: ChildProcess,
  serverFile: string,
): Promise<{ url: string; flight: string | null; pid: number }> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (existsSync(serverFile)) {
      const { address, flight, pid } = JSON.parse(readFileSync(serverFile, 'utf8'));
      return { url: address, flight: flight ?? null, pid };
    }
    await sleep(5);
  }
}

function memoryOf(pid: number): Pick<BenchServer, 'peakMemory' | 'memory'> {
  const read = (name: string) => {
    try {
      const size = new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return size ? Number(size[1]) * 1024 : null;
    } catch {
      return null;
    }
  };
  return { peakMemory: () => read('VmHWM'), memory: () => read('VmRSS') };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
