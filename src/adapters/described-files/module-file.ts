import { pathToFileURL } from 'node:url';
import type { FileContent, FileFunction } from '#domain/file/file-content.ts';
import { pointerTo } from '#domain/file/object-reader.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { FileText } from './file-text.ts';

/**
 * Runs a TypeScript or JavaScript file and takes its default export, or what is exported by the word for its kind.
 * `version` makes Node read a changed file again; files that it imports in turn are read once.
 */
export async function readModule(
  path: string,
  version: string,
  { word, example }: { readonly word: string; readonly example: string },
): Promise<FileText> {
  const url = pathToFileURL(path);
  url.searchParams.set('version', version);
  try {
    const module: Readonly<Record<string, unknown>> = await import(/* @vite-ignore */ url.href);
    const value = module.default ?? module[word];
    if (value !== undefined) return { ok: true, content: contentOf(value), locate: () => null };
    return fault(`It exports no ${word}; write: export default ${example}`);
  } catch (error) {
    return fault(`It cannot be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function contentOf(value: unknown): FileContent {
  const functions = new Map<string, FileFunction>();
  collectFunctions(value, '', functions);
  return { json: jsonFrom(value), functions };
}

function collectFunctions(value: unknown, pointer: string, functions: Map<string, FileFunction>): void {
  if (typeof value === 'function') functions.set(pointer, value as FileFunction);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) collectFunctions(item, pointerTo(pointer, key), functions);
  }
}

function fault(message: string): FileText {
  return { ok: false, faults: [{ place: null, message }] };
}
