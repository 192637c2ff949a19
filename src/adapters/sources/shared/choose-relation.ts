import { DataForgeError } from '#domain/errors.ts';
import { didYouMean } from '#domain/text/suggest.ts';

const MOST_SHOWN = 50;

/**
 * Which of a place's relations is meant: the one that is named, or the only one.
 * @param words what the place and its relations are called: `The service`, `entity set`
 * @throws DataForgeError `invalid_parameter` with those there are
 */
export function chooseRelation(
  there: readonly string[],
  named: string | null,
  words: { readonly place: string; readonly relation: string },
): string {
  if (there.length === 0) {
    throw new DataForgeError('source_failed', `${words.place} has no ${words.relation} that rows could be read from.`);
  }
  if (named !== null) {
    const found = there.find((name) => name === named) ?? there.find((name) => name.split('.').at(-1) === named);
    if (found !== undefined) return found;
    const message = `${words.place} has no ${words.relation} "${named}"${didYouMean(named, there)}; it has ${listed(there)}.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  const [only = '', ...others] = there;
  if (others.length === 0) return only;
  const message = `${words.place} has more than one ${words.relation}; name yours with --relation: ${listed(there)}.`;
  throw new DataForgeError('invalid_parameter', message);
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST_SHOWN;
  return names.slice(0, MOST_SHOWN).join(', ') + (more > 0 ? `, and ${more} more` : '');
}
