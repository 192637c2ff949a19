import fc from 'fast-check';

const PIECES = [
  ...'{}[]",:0123456789.-+eE \\tnu/aAzZ',
  'null',
  'true',
  '\\u0041',
  '\\ud800',
  '""',
  '😀',
  '\u00a0',
].concat(['"text":', '"big":1,', '-0', '1e5', '0.1', '24:00', '-02-30', 'NaN', '/*', '\u007f', '{}', '[]', "'"]);

/** A text in which a few places have been changed. */
export function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const anyChange = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 2 }),
    insert: fc.oneof(fc.constant(''), fc.constantFrom(...PIECES)),
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(anyChange, { minLength: 1, maxLength: 3 }))
    .map(([text, changes]) =>
      changes.reduce((changed, { at, remove, insert }) => {
        const place = Math.floor(at * changed.length);
        return changed.slice(0, place) + insert + changed.slice(place + remove);
      }, text),
    )
    .filter((text) => text.isWellFormed() && !/[\r\n]/.test(text) && text.trim() !== '');
}
