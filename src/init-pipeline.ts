import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { datasetFileText, pipelineFileText } from '#adapters/described-files/suggested-files.ts';
import { SOURCES } from '#adapters/sources/registry.ts';
import { readParquetColumns } from '#adapters/storage/duckdb/duckdb-convert.ts';
import { type SuggestRequest, suggestPipeline } from '#application/pipelines/queries/suggest-pipeline.ts';
import type { SampleColumn, SampleReader } from '#application/ports/sample-reader.ts';
import type { SourceRows } from '#application/ports/source.ts';
import type { Config } from '#config';
import { JsonShapes } from '#domain/dataset/guess-json.ts';
import { KeyGuess } from '#domain/dataset/guess-key.ts';
import { ColumnGuesses } from '#domain/dataset/infer-types.ts';
import { readArrowColumns } from '#formats/arrow/arrow-columns.ts';
import { readRows } from '#formats/rows/infer-columns.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { WebClient } from '#infrastructure/web-client.ts';
import type { DraftedFiles } from '#presentation/cli/host.ts';

/** Looks at a place, and drafts the files of a pipeline that reads it; `folder` is where the pipeline file will lie. */
export async function draftPipeline(
  { privateAddresses, secrets }: Config,
  folder: string,
  request: SuggestRequest,
): Promise<DraftedFiles> {
  const web = new WebClient({ privateAddresses });
  try {
    const opening = { secrets, web, clock: systemClock, folder };
    const suggest = suggestPipeline({ sources: SOURCES, samples, opening });
    const suggested = await suggest({ ...request, address: fromFolder(request.address, folder) });
    return {
      ...suggested,
      pipelineText: pipelineFileText(suggested),
      datasetText: datasetFileText(suggested),
    };
  } finally {
    await web.close();
  }
}

/** A path is typed from the current folder, and read from that of the pipeline files. */
function fromFolder(address: string, folder: string): string {
  const [, scheme = '', path = ''] = /^(sqlite:(?:\/\/)?|file:)?(.+)$/s.exec(address) ?? [];
  if (scheme === '' && /^[a-z][a-z+]+:/i.test(address)) return address;
  const given = scheme === 'file:' ? fileURLToPath(address) : path;
  const prefix = scheme === 'file:' ? '' : scheme;
  return prefix + (resolve(given) === given ? given : relative(folder, resolve(given)).replaceAll('\\', '/'));
}

const samples: SampleReader = {
  async read(bodies) {
    const guesses = new ColumnGuesses();
    const key = new KeyGuess();
    const shapes = new JsonShapes();
    const shapeOf = (column: string) => shapes.get(column);
    for await (const { format, body } of bodies) {
      if (format === 'arrow' || format === 'parquet')
        return { columns: await typedColumns({ format, body }), key: null, shapeOf, rows: null };
      await readRows(body, format, 'row', [guesses, key, shapes]);
    }
    return { columns: guesses.results(), key: key.result(), shapeOf, rows: key.rows };
  },
};

/** The columns of a body that tells their types itself. */
async function typedColumns({ format, body }: SourceRows): Promise<readonly SampleColumn[]> {
  if (format === 'arrow') return readArrowColumns(body);
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-init-'));
  try {
    const path = join(folder, 'rows.parquet');
    await pipeline(body, createWriteStream(path));
    return await readParquetColumns(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
