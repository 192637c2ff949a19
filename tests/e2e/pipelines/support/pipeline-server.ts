import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineName, startServer, type TestServer, type TestServerOptions } from '../../rest/support/server.ts';

/** A dataset with a natural key, one without, and one for rows set aside. */
export const PIPELINE_DATASETS = {
  'items.yaml':
    'name: items\nprimary_key: [id]\nproperties:\n' +
    '  - {name: id, type: integer, required: true}\n  - {name: name, type: string}\n  - {name: price, type: number, db_type: "DECIMAL(18,4)"}\n',
  'log.yaml':
    'name: log\nproperties:\n  - {name: id, type: integer, required: true}\n  - {name: name, type: string}\n  - {name: price, type: number, db_type: "DECIMAL(18,4)"}\n',
  'set_aside.yaml':
    'name: set_aside\nproperties:\n  - {name: pipeline, type: string}\n  - {name: run, type: string}\n  - {name: batch, type: integer}\n' +
    '  - {name: line, type: integer}\n  - {name: reason, type: string}\n  - {name: format, type: string}\n  - {name: row, type: string}\n',
};

/** A server whose pipelines are files of a folder that the test can write to before it starts. */
export async function startPipelineServer(
  engine: EngineName,
  folder: string,
  pipelines: Readonly<Record<string, string>>,
  { env = {}, ...options }: TestServerOptions = {},
): Promise<TestServer> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(pipelines)) await writeFile(join(folder, name), text);
  return startServer(engine, { files: PIPELINE_DATASETS, ...options, env: { PIPELINES_DIR: folder, ...env } });
}

/** Runs a pipeline to its end and gives the run back. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into runs of every shape
export async function runToEnd(server: TestServer, name: string): Promise<any> {
  const { json } = await server.post(`/pipelines/${name}/runs?wait_ms=30000`, undefined);
  return json;
}
