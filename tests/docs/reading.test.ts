import { expect, test } from 'vitest';
import { readCommands } from './support/command-lines.ts';
import { matches, withSeen } from './support/shown-output.ts';

const ID = (digit: string) => `01a202a0-00d5-7eea-ba3e-00000000000${digit}`;

test('what varies may differ, and nothing else', () => {
  const seen = new Map<string, string>();
  const shown = `sales: 2 created in 0.1 s (35 rows/s)\n${ID('1')}  x\n…\nend`;
  expect(
    matches(shown, `sales: 2 created in 12 s (1\u202f000 rows/s)\n${ID('2')}  x\nmuch\nmore\nend\n`, false, seen),
  ).toBe(true);
  expect(withSeen(`forge get sales ${ID('1')}`, seen)).toBe(`forge get sales ${ID('2')}`);
  expect(matches(shown, shown.replace('2 created', '3 created'), false, seen)).toBe(false);
  expect(matches(shown, `${shown}.`, false, seen)).toBe(false);
  const json = '{\n  "price": 7.2500,\n  "next_cursor": "Wzh.1",\n  "any": "…"\n}';
  expect(matches(json, '{"price":7.2500,"next_cursor":"Wzi.20","any":[1,2]}', true, seen)).toBe(true);
  expect(matches(json, '{"price":7.25,"next_cursor":"Wzi.20","any":[1,2]}', true, seen)).toBe(false);
});

test('commands are read as a shell reads them', () => {
  expect(
    readCommands(`# first\nforge count 'a b' -f "x gt 1" \\\n  --json # why\n\ncurl -d '{"a":\n1}' > out.json\n`),
  ).toEqual([
    { words: ['forge', 'count', 'a b', '-f', 'x gt 1', '--json'], outputTo: null },
    { words: ['curl', '-d', '{"a":\n1}'], outputTo: 'out.json' },
  ]);
  expect(() => readCommands('forge count a | head')).toThrow('may not have');
});
