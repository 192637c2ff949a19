import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = new URL('../../../', import.meta.url);

/** Every page of documentation, by its path from the root. */
export const PAGES: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(fileURLToPath(new URL('docs/', ROOT)), { recursive: true, encoding: 'utf8' })
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md'))
    .sort(),
];

export function pageText(page: string): string {
  return readFileSync(new URL(page, ROOT), 'utf8').replaceAll('\r\n', '\n');
}

/** Without its fenced blocks, whose lines may look like headings and links. */
export function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

/** The rows of the first table under a heading, each a list of its cells. */
export function tableUnder(page: string, heading: string): string[][] {
  const text = withoutCode(pageText(page));
  const section = text.slice(text.indexOf(`# ${heading}\n`)).split(/\n#+ /)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}
