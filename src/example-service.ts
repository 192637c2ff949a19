import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXAMPLES_DIR } from '#config';

interface ExampleService {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts what the pipelines of the example instance fetch from.
 * @returns null where its port is taken, most likely by another instance, whose service then does
 */
export async function startExampleService(): Promise<ExampleService | null> {
  const script = pathToFileURL(join(EXAMPLES_DIR, 'odata-service', 'server.mjs'));
  const { startWellService } = (await import(script.href)) as { startWellService(): Promise<ExampleService> };
  try {
    return await startWellService();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
}
