import { expect, test } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import { fitTable } from './fit-table.ts';
import { displayWidth } from './output.ts';
import { sqlText } from './sql-answer.ts';
import { completeSql } from './sql-completion.ts';

const TABLES = [
  { name: 'sales', columns: [{ name: 'region', type: 'VARCHAR' }] },
  { name: 'odd name', columns: [{ name: 'größe', type: 'DOUBLE' }] },
];

test('a table is never wider than the terminal, and narrow columns keep their place', () => {
  const text = fitTable(
    ['id', 'text'],
    [
      ['1', 'x'.repeat(200)],
      ['2', '日本語'.repeat(40)],
    ],
    40,
  );
  for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(40);
  expect(text).toMatch(/^ 1 {2}x+…$/m);
  expect(fitTable(['a'], [['b']], 80)).toBe('a\n-\nb');
});

test('datasets are completed behind FROM, columns and words elsewhere', () => {
  expect(completeSql('SELECT * FROM ', TABLES)[0]).toEqual(['sales', '"odd name"']);
  expect(completeSql('SELECT re', TABLES)).toEqual([['region', 'RECURSIVE'], 're']);
  expect(completeSql('SELECT GRÖ', TABLES)[0]).toEqual(['größe']);
  expect(completeSql('\\d s', TABLES)[0]).toEqual(['sales']);
  expect(completeSql('\\', TABLES)[0]).toEqual(['\\d', '\\h', '\\q']);
});

test('an answer is a table with its count; a plan is shown as it is drawn', () => {
  const answer = (columns: string, rows: string, truncated = false) =>
    parseJson(`{"columns":[${columns}],"rows":[${rows}],"truncated":${truncated},"execution_time_ms":1.5}`);
  expect(sqlText(answer('{"name":"n"}', '[12345678901234567890],[null]', true), 80)).toContain(
    '12345678901234567890\n\n\n2 rows in 2 ms, and there are more',
  );
  const plan = answer('{"name":"explain_key"},{"name":"explain_value"}', '["physical_plan","a\\nb"]');
  expect(sqlText(plan, 3)).toBe('a\nb');
  expect(sqlText(answer('{"name":"QUERY PLAN"}', '["Sort"],["  ->  Scan"]'), 3)).toBe('Sort\n  ->  Scan');
});
