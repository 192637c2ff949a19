import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandLinePage } from '#presentation/cli/command-line-page.ts';
import { settingOptions } from '../../src/config/config-docs.ts';

test('the page of the command line is made of the program (node scripts/write-reference.ts)', () => {
  const page = readFileSync(new URL('../../docs/reference/command-line.md', import.meta.url), 'utf8');
  expect(page.replaceAll('\r\n', '\n')).toBe(commandLinePage(settingOptions()));
});
