import { DataForgeError } from '#domain/errors.ts';

/** An iterator that ends at once where it is told to, though it waits for what comes next. */
export function endable<T>(items: AsyncGenerator<T>, ending: AbortController): AsyncGenerator<T> {
  const end = items.return.bind(items);
  items.return = (value) => {
    ending.abort(new DataForgeError('cancelled', 'The subscription was ended.'));
    return end(value).catch(() => ({ done: true, value: undefined }));
  };
  return items;
}
