import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PAGES, pageText, ROOT, withoutCode } from './support/pages.ts';

function prose(page: string): string {
  return withoutCode(pageText(page));
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(PAGES)('%s', (page) => {
  test('leads only to what is there', () => {
    const targets = [...prose(page).matchAll(/!?\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = targets.filter((target) => {
      if (/^https?:/.test(target)) return false;
      const url = new URL(target, new URL(page, ROOT));
      const path = url.pathname.slice(ROOT.pathname.length);
      if (!existsSync(new URL(path, ROOT))) return true;
      return url.hash !== '' && !anchorsOf(path).includes(decodeURIComponent(url.hash.slice(1)));
    });
    expect(broken).toEqual([]);
  });

  test('names only files there are', () => {
    const named = [...pageText(page).matchAll(/(?<![\w/.-])(?:src|tests|bench|scripts|examples|docs|bin)\/[\w./-]+/g)];
    const missing = named
      .map(([path]) => path.replace(/[./-]+$/, ''))
      // A name in capitals stands for one that the reader chooses.
      .filter((path) => !/[A-Z]{3}/.test(path) && !existsSync(new URL(path, ROOT)));
    expect(missing).toEqual([]);
  });
});

test('the index leads to every page', () => {
  const index = prose('docs/README.md');
  const pages = PAGES.filter((page) => /^docs\/(?:guides|reference)\//.test(page) || page === 'docs/architecture.md');
  expect(pages.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
});

test('every decision is listed', () => {
  const list = pageText('docs/adr/README.md');
  const decisions = readdirSync(new URL('docs/adr/', ROOT)).filter((name) => /^\d{4}-/.test(name));
  expect(decisions.filter((name) => !list.includes(`(${name})`))).toEqual([]);
});

test('every group of benchmarks that is named is there', () => {
  const groups = readdirSync(new URL('bench/rows/', ROOT)).flatMap((name) =>
    [...pageText(`bench/rows/${name}`).matchAll(/^ {2}name: '([\w-]+)'/gm)].map(([, group]) => group),
  );
  const named = PAGES.flatMap((page) => [...pageText(page).matchAll(/--only=([\w,-]+)/g)]);
  expect(named.flatMap(([, names = '']) => names.split(',')).filter((name) => !groups.includes(name))).toEqual([]);
});
