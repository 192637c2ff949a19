import { type Analysis, columnsRead, otherColumnsRead } from '#domain/analysis/analysis.ts';
import type { Library } from './library.ts';
import type { LibraryAnswer, LibraryMessage } from './library-messages.ts';
import { runOperation } from './library-operations.ts';
import { LibraryTable } from './library-table.ts';
import { type Answer, serveMessages } from './serve-messages.ts';

interface Begun {
  readonly analysis: Analysis;
  readonly input: LibraryTable;
  readonly other: LibraryTable;
  readonly shapes: Pick<Extract<LibraryMessage, { kind: 'begin' }>, 'columns' | 'others'>;
}

/** Makes this thread one of a `LibraryProcessor`. */
export function serveLibrary<T>(library: Library<T>): void {
  let begun: Begun | null = null;
  serveMessages<LibraryMessage>(async (message): Promise<Answer> => {
    if (message.kind === 'version') return { value: library.version };
    if (message.kind === 'begin') {
      begun = begin(message);
      return { value: null };
    }
    if (begun === null) throw new Error('no analysis has begun');
    if (message.kind === 'rows') {
      begun[message.table].add(message.batch);
      return { value: null };
    }
    const { analysis, shapes, input, other } = begun;
    begun = null;
    const answer = await runOperation(library, analysis, { ...shapes, input, other });
    return { value: answer, transfer: buffersOf(answer) };
  });
}

/** What was written for the answer alone, so that it need not be copied. */
function buffersOf({ batches }: LibraryAnswer): ArrayBuffer[] {
  const views = batches.flatMap(({ columns }) =>
    columns.flatMap(({ validity, data, offsets }) => [validity, data, offsets]),
  );
  const whole = views.filter(
    (view) => view !== null && view.byteLength > 0 && view.byteLength === view.buffer.byteLength,
  );
  return [...new Set(whole.map((view) => view?.buffer as ArrayBuffer))];
}

function begin({ analysis, columns, others }: Extract<LibraryMessage, { kind: 'begin' }>): Begun {
  const shapes = { columns, others };
  const orFirst = (read: readonly string[], of: readonly { readonly name: string }[]) =>
    read.length > 0 ? read : of.slice(0, 1).map(({ name }) => name);
  return {
    analysis,
    shapes,
    input: new LibraryTable(columns, orFirst(columnsRead(analysis, shapes), columns)),
    other: new LibraryTable(others, orFirst(otherColumnsRead(analysis, shapes), others)),
  };
}
