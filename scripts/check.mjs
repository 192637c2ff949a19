// npm run check [-- --fix] [FILES…]: types, style, layers and unused code, one after another; all of them run even when one
// fails. --fix repairs the style, of the given files and folders or of all.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fix = process.argv.includes('--fix');
const files = process.argv.slice(2).filter((argument) => argument !== '--fix');
const ci = Boolean(process.env.CI);

const checks = [
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  {
    name: 'style',
    script: '@biomejs/biome/bin/biome',
    args: [
      'check',
      '--error-on-warnings',
      ...(fix ? ['--write'] : []),
      ...(ci ? ['--max-diagnostics=200'] : []),
      ...(files.length > 0 ? files : ['.']),
    ],
  },
  {
    name: 'layers',
    script: 'dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--config', '.dependency-cruiser.mjs', '--output-type', 'err-long', 'src', 'tests', 'bench'],
  },
  { name: 'unused', script: 'knip/bin/knip.js', args: ['--no-progress'] },
];

/** Runs a tool's script with this Node and collects what it says. */
function run({ script, args }) {
  return new Promise((resolve) => {
    const path = join(root, 'node_modules', ...script.split('/'));
    const child = spawn(process.execPath, [path, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: `${error.message}\n` }));
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(output).toString() }));
  });
}

const failed = [];
for (const check of checks) {
  const started = performance.now();
  const { ok, output } = await run(check);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!ok) {
    failed.push(check.name);
    process.stdout.write(`${output.trimEnd()}\n`);
  }
  console.log(`${check.name.padEnd(8)}${ok ? 'ok' : 'FAILED'} (${seconds} s)`);
}
if (failed.length > 0) {
  console.log(`\n${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
