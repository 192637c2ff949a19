import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const forge = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'forge.mjs');

/** The script is read from the file `script` of the working folder; each prints the words that the shell would offer. */
const BASH = `source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _forge; printf '%s\\n' "\${COMPREPLY[@]}"`;
const FISH = 'source script; complete -C "$argv" | string replace -r "\\t.*" ""';
/** A zsh of its own on a terminal, where the line is typed and completed; it prints the last word as the command gets it. */
const ZSH = `zmodload zsh/zpty
zpty shell 'TERM=dumb zsh -f -i'
zpty -w shell "PS1=; autoload -U compinit; compinit -D -u; source ./script; bindkey '^I' complete-word; forge() { print -r -- \\"GOT:\\$@[-1]\\" }; data-forge() { forge \\"\\$@\\" }; echo REA''DY"
while zpty -r shell line; do [[ $line == *READY* ]] && break; done
zpty -w shell "$1"$'\\t'
while zpty -r shell line; do [[ $line == *GOT:* ]] && { print -r -- "\${line##*GOT:}"; break }; done`;

const SHELLS = {
  bash: (line: string) => ['--norc', '-c', BASH, 'bash', ...line.split(' ')],
  fish: (line: string) => ['--no-config', '-c', FISH, line],
  zsh: (line: string) => ['-f', '-c', ZSH, 'zsh', line],
};

describe.each(['bash', 'fish', 'zsh'] as const)('completion in a real %s', (shell) => {
  const missing = spawnSync(shell, ['--version']).error !== undefined;
  if (missing && process.env.FORGE_REQUIRE_CLIENTS === '1') throw new Error(`${shell} must be installed here`);
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forge-completion-'));
    const script = spawnSync(process.execPath, [forge, 'completion', shell], { encoding: 'utf8' });
    await writeFile(join(folder, 'script'), script.stdout);
    await writeFile(join(folder, 'two words.csv'), '');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.skipIf(missing).each([
    ['forge que', 'query'],
    ['data-forge que', 'query'],
    ['forge --url http://127.0.0.1:1 que', 'query'],
    ['forge query --fie', '--fields'],
    ['forge --url http://127.0.0.1:1 query --fie', '--fields'],
    ['forge schema pl', 'plan'],
    ['forge load two', 'two words.csv'],
  ])('%s', (line, expected) => {
    const offered = spawnSync(shell, SHELLS[shell](line), { cwd: folder, encoding: 'utf8', timeout: 20_000 });
    expect(offered.stdout.trim()).toBe(expected);
  });

  test.runIf(missing)(`left out: ${shell} is not installed`, () => {});
});
