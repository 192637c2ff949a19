import { expect } from 'vitest';
import type { Value } from '#domain/record/value.ts';

/** That two numbers differ by no more than a part of the expected one. */
export function expectClose(actual: Value | undefined, expected: number, tolerance: number, about: string): void {
  expect(typeof actual, `${about} is ${String(actual)}`).toBe('number');
  const error = expected === 0 ? Math.abs(Number(actual)) : Math.abs((Number(actual) - expected) / expected);
  expect(error, `${about}: ${String(actual)} is not ${expected}`).toBeLessThanOrEqual(tolerance);
}
