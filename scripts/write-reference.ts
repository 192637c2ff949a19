// node scripts/write-reference.ts: writes the reference files that are made of the code; tests compare them with it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JOBS } from '#adapters/jobs/registry.ts';
import { SOURCE_KINDS } from '#adapters/sources/registry.ts';
import { DATASET_FILE_SCHEMA } from '#domain/dataset/dataset-file-schema.ts';
import { pipelineFileSchema } from '#domain/pipeline/pipeline-file.ts';
import { errorsPage } from '#presentation/error-help.ts';
import { webSocketPage } from '#presentation/websocket/messages-page.ts';
import { configurationPage, envExample, settingOptions } from '../src/config/config-docs.ts';
import { commandLinePage } from '../src/presentation/cli/command-line-page.ts';

function write(path: string, text: string): void {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

write('docs/reference/dataset-file.schema.json', `${JSON.stringify(DATASET_FILE_SCHEMA, null, 2)}\n`);
write(
  'docs/reference/pipeline-file.schema.json',
  `${JSON.stringify(pipelineFileSchema(SOURCE_KINDS, JOBS), null, 2)}\n`,
);
write('docs/reference/configuration.md', configurationPage());
write('docs/reference/errors.md', errorsPage());
write('docs/reference/websocket.md', webSocketPage());
write('.env.example', envExample());
write('docs/reference/command-line.md', commandLinePage(settingOptions()));
