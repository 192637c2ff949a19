/**
 * Compiles an RE2 pattern into a test that finds it anywhere in a text. Injected, because the domain imports no
 * library; `infrastructure/re2.ts` has the real one.
 * @throws Error with the reason where the pattern is not RE2
 */
export type CompilePattern = (source: string) => (text: string) => boolean;
