import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXAMPLES_DIR } from '#config';

interface ExampleService {
  readonly url: string;
  close(): Promise<void>;
}

/** The scripts of the services, and what starts each. */
const SERVICES = [
  { folder: 'odata-service', start: 'startWellService' },
  { folder: 'earthquake-service', start: 'startEarthquakeService' },
] as const;

/**
 * Starts what the pipelines of the example instance fetch from. One whose port is taken is left out: most likely another
 * instance has it, whose service then does.
 */
export async function startExampleServices(): Promise<{ close(): Promise<void> }> {
  const services: ExampleService[] = [];
  const close = async () => void (await Promise.all(services.map((service) => service.close())));
  for (const { folder, start } of SERVICES) {
    const script = pathToFileURL(join(EXAMPLES_DIR, folder, 'server.mjs'));
    const module = (await import(script.href)) as Readonly<Record<string, () => Promise<ExampleService>>>;
    try {
      const service = await module[start]?.();
      if (service !== undefined) services.push(service);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      await close();
      throw error;
    }
  }
  return { close };
}
