import { pathToFileURL } from 'node:url';
import { jsonFrom } from '#domain/record/json.ts';
import type { SourceFile } from './source-file.ts';

/**
 * Runs a TypeScript or JavaScript file and takes its default export, or what is exported as `dataset`. `version` makes
 * Node read a changed file again; files that it imports in turn are read once.
 */
export async function readModule(path: string, version: string): Promise<SourceFile> {
  const url = pathToFileURL(path);
  url.searchParams.set('version', version);
  try {
    const module: { default?: unknown; dataset?: unknown } = await import(/* @vite-ignore */ url.href);
    const value = module.default ?? module.dataset;
    if (value !== undefined) return { ok: true, json: jsonFrom(value), locate: () => null };
    return fault('It exports no dataset; write: export default { name: "…", properties: […] }');
  } catch (error) {
    return fault(`It cannot be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fault(message: string): SourceFile {
  return { ok: false, faults: [{ place: null, message }] };
}
