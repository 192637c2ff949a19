import { RE2JS } from 're2js';
import type { CompilePattern } from '#domain/record/pattern.ts';

/** RE2 in JavaScript: linear time, and the verdicts of the RE2 inside the engines. */
export const compileRe2: CompilePattern = (source) => {
  const pattern = RE2JS.compile(source);
  return (text) => pattern.test(text);
};
