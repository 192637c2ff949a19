import type { FileContent } from '#domain/file/file-content.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The text of a file, read: what it says and where each part of it stands, or why it cannot be read. */
export type FileText =
  | { readonly ok: true; readonly content: FileContent; readonly locate: (pointer: string) => Place | null }
  | { readonly ok: false; readonly faults: readonly SyntaxFault[] };

export interface SyntaxFault {
  readonly place: Place | null;
  readonly message: string;
}

/** The place of a UTF-16 offset. */
export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

/** The steps of a JSON Pointer. */
export function stepsOf(pointer: string): readonly string[] {
  if (pointer === '') return [];
  const steps = pointer.slice(1).split('/');
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
