import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CDS = fileURLToPath(new URL('../../node_modules/@sap/cds/bin/serve.js', import.meta.url));
const SERVICE = fileURLToPath(new URL('../fixtures/odata-service', import.meta.url));

const WELLS_AT_ONCE = 20_000;

/** Who may ask the service. */
export const ODATA_USER = { user: 'me', password: 'one' };

/** An OData service of SAP's CAP framework in a process of its own, with wells and visits to them. */
export interface ODataServer {
  /** The address of the service. */
  readonly url: string;
  /** Makes these wells the ones there are. */
  fill(wells: readonly object[]): Promise<void>;
  send(method: string, path: string, body?: object): Promise<Response>;
  close(): Promise<void>;
}

/** @param pageSize rows of a page, whatever is asked for */
export async function startODataServer(pageSize: number): Promise<ODataServer> {
  const child = spawn(process.execPath, [CDS, 'all', '--in-memory', '--port', '0'], {
    cwd: SERVICE,
    env: {
      ...process.env,
      NODE_ENV: 'test',
      CDS_CONFIG: JSON.stringify({
        query: { limit: { default: pageSize, max: pageSize } },
        server: { body_parser: { limit: '500mb' } },
      }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const root = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said.push(String(chunk));
      const address = /server listening on \{ url: '([^']+)' \}/.exec(said.join(''))?.[1];
      if (address !== undefined) resolve(address.replace('localhost', '127.0.0.1'));
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`the OData server ended with ${code}: ${said.join('')}`)));
  });
  const url = `${root}/odata/v4/production`;
  const authorization = `Basic ${btoa(`${ODATA_USER.user}:${ODATA_USER.password}`)}`;
  const send = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response;
  };
  return {
    url,
    send,
    async fill(wells) {
      await send('POST', 'clear', {});
      for (let at = 0; at < wells.length; at += WELLS_AT_ONCE) {
        await send('POST', 'add', { wells: JSON.stringify(wells.slice(at, at + WELLS_AT_ONCE)) });
      }
    },
    async close() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
