import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fencesOf } from './support/guide.ts';
import { Reader } from './support/reader.ts';

const ROOT = new URL('../../', import.meta.url);
const guides = readdirSync(new URL('docs/guides/', ROOT)).map((name) => `docs/guides/${name}`);
const pages = ['README.md', ...guides];
const textOf = (page: string) => readFileSync(new URL(page, ROOT), 'utf8').replaceAll('\r\n', '\n');

describe.each(pages)('%s', (page) => {
  test('does what it says', { timeout: 180_000 }, async () => {
    await Reader.read(textOf(page));
  });

  test('names only scripts there are in commands that are not run', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
    for (const { info, text } of fencesOf(textOf(page))) {
      if (info[0] !== 'sh' || !info.includes('not-run')) continue;
      for (const [, run, name = run] of text.matchAll(/^npm (?:(start|test)\b|run (?:-s )?([\w-]+))/gm)) {
        expect(Object.keys(scripts)).toContain(name);
      }
    }
  });
});
