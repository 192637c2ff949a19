import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { fencesOf } from './guide.ts';
import { pageText } from './pages.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A copy of the project in which somebody has done what a guide says. */
export class FollowedGuide {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async follow(page: string): Promise<FollowedGuide> {
    const folder = await mkdtemp(join(tmpdir(), 'data-forge-guide-'));
    for (const name of ['src', 'tests', 'package.json', 'vitest.config.ts', 'tsconfig.json']) {
      await cp(join(ROOT, name), join(folder, name), { recursive: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    for (const { info, text } of fencesOf(pageText(page))) {
      const path = info.find((word) => word.startsWith('file='))?.slice('file='.length);
      if (path === undefined) continue;
      if (info[0] === 'diff') await applyDiff(folder, text);
      else await write(join(folder, path), text);
    }
    return new FollowedGuide(folder);
  }

  /** Runs a test file of the copy; tells how many of its tests passed, and throws where one did not. */
  async test(file: string): Promise<number> {
    const vitest = join(this.folder, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [vitest, 'run', file, '--reporter=json', '--outputFile=report.json'];
    await promisify(execFile)(process.execPath, args, { cwd: this.folder });
    const { success, numPassedTests } = JSON.parse(await readFile(join(this.folder, 'report.json'), 'utf8'));
    expect(success).toBe(true);
    return numPassedTests;
  }

  /** Starts the server of the copy with these datasets while `work` runs. */
  async serving(
    files: Readonly<Record<string, string>>,
    settings: Readonly<Record<string, string>>,
    work: (url: string) => Promise<void>,
  ): Promise<void> {
    for (const [name, text] of Object.entries(files)) await write(join(this.folder, 'datasets', name), text);
    const env = { PATH: process.env.PATH, PORT: '0', DATASETS_DIR: 'datasets', PROTOCOLS: 'rest', LOG_FORMAT: 'json' };
    const server = spawn(process.execPath, [join(this.folder, 'src', 'main.ts')], {
      cwd: this.folder,
      env: { ...env, ...settings },
    });
    try {
      await work(await addressOf(server));
    } finally {
      server.kill('SIGTERM');
      if (server.exitCode === null) await once(server, 'exit');
    }
  }

  dispose(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** `--- FILE`, then a line that is there, then what stands before it, or in its place where both begin alike. */
async function applyDiff(folder: string, text: string): Promise<void> {
  for (const part of text.split(/^--- /m).slice(1)) {
    const [file = '', known = '', added = ''] = part.split('\n');
    const path = join(folder, file.trim());
    const [before, after] = [known.slice(1), added.slice(1)];
    const source = await readFile(path, 'utf8');
    expect(source, file).toContain(`${before}\n`);
    const isReplaced = before.trim().slice(0, 8) === after.trim().slice(0, 8);
    await writeFile(path, source.replace(`${before}\n`, isReplaced ? `${after}\n` : `${after}\n${before}\n`));
  }
}

async function addressOf({ stdout, stderr }: ChildProcess): Promise<string> {
  let text = '';
  stderr?.on('data', (chunk) => {
    text += chunk;
  });
  for await (const chunk of stdout ?? []) {
    text += chunk;
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error(`the server did not start:\n${text}`);
}
