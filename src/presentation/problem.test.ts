import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DataForgeError, ERROR_TITLES } from '#domain/errors.ts';
import { errorsPage } from './error-help.ts';
import { PROBLEMS, problemOf } from './problem.ts';

test('docs/reference/errors.md is what the code says; node scripts/write-reference.ts writes it', () => {
  const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8').replaceAll(
    '\r\n',
    '\n',
  );
  expect(page).toBe(errorsPage());
  for (const code of Object.keys(ERROR_TITLES)) expect(page).toContain(`\n## ${code}\n`);
});

test('every code has a status that HTTP knows, and never 422', () => {
  for (const [code, { http, exit }] of Object.entries(PROBLEMS)) {
    expect(http, code).toBeGreaterThanOrEqual(400);
    expect(http, code).not.toBe(422);
    expect(exit, code).toBeGreaterThan(0);
  }
});

test('a problem says what happened, and nothing of its cause', () => {
  const error = new DataForgeError('key_exists', 'There is one.', {
    cause: new Error('SELECT secret'),
    details: { key: 1 },
  });
  expect(problemOf(error, '/x')).toEqual({
    type: '/docs/errors#key_exists',
    title: ERROR_TITLES.key_exists,
    status: 409,
    detail: 'There is one.',
    code: 'key_exists',
    instance: '/x',
    details: { key: 1 },
  });
});

test('what is no error of ours becomes internal and keeps its words to itself', () => {
  const problem = problemOf(new TypeError('SELECT * FROM secret'));
  expect(problem.code).toBe('internal');
  expect(JSON.stringify(problem)).not.toContain('secret');
});
