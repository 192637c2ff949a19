import { expect, test } from 'vitest';
import { RowPlaces } from './duckdb-row-places.ts';

test('what one row tells of its neighbours', () => {
  const places = new RowPlaces();
  expect(places.guess(1000)).toBeNull();
  places.learn(1000, 400);
  expect(places.guess(1001)).toBe(401);
  expect(places.guess(900)).toBe(300);
  expect(places.guess(1000 + 256)).toBeNull();
});

test('no row lies before the first', () => {
  const places = new RowPlaces();
  places.learn(1023, 10);
  expect(places.guess(1000)).toBeNull();
});

test('rows that moved are learnt anew, and not for ever', () => {
  const places = new RowPlaces();
  places.learn(500, 100);
  places.learn(500, 40);
  expect(places.guess(501)).toBe(41);
  for (let move = 0; move < 20; move++) places.learn(500, move);
  expect(places.guess(501)).toBeNull();
});

test('a row of an open transaction teaches nothing', () => {
  const places = new RowPlaces();
  places.learn(500, 2 ** 62);
  expect(places.guess(500)).toBeNull();
});
