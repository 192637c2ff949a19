// node bin/launch.mjs [--dev] SCRIPT [ARGS…]: runs a script of this folder with Node 26; --dev restarts it on changes.
import { resolve } from 'node:path';
import { launch, root } from './launcher.mjs';

const [first, ...rest] = process.argv.slice(2);
if (first === '--dev') {
  const [script, ...args] = rest;
  launch(['--watch', '--watch-preserve-output', resolve(root, script), ...args], { NODE_ENV: 'development' });
} else {
  launch([resolve(root, first), ...rest]);
}
