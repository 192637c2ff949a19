import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fencesOf } from './support/guide.ts';
import { PAGES, pageText, ROOT } from './support/pages.ts';
import { Reader } from './support/reader.ts';

const guides = PAGES.filter((page) => page === 'README.md' || page.startsWith('docs/guides/'));

describe.each(guides)('%s', (page) => {
  test('does what it says', { timeout: 180_000 }, async () => {
    await Reader.read(pageText(page));
  });

  test('names only scripts there are in commands that are not run', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
    for (const { info, text } of fencesOf(pageText(page))) {
      if (info[0] !== 'sh' || !info.includes('not-run')) continue;
      for (const [, run, name = run] of text.matchAll(/^npm (?:(start|test)\b|run (?:-s )?([\w-]+))/gm)) {
        expect(Object.keys(scripts)).toContain(name);
      }
    }
  });
});
