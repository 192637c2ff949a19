import { isIP } from 'node:net';
import type { SourceOpening } from '#application/ports/source.ts';

/** Where a protocol that connects by itself has to connect to, and the name that a certificate has to have. */
export interface ReachedHost {
  readonly host: string;
  /** null for an address, which has none. */
  readonly serverName: string | null;
}

/**
 * Judges a host by the address that is then connected to, so that no name can lead elsewhere in between.
 * @throws DataForgeError as `Web.resolve`
 */
export async function reachHost(host: string, { web }: Pick<SourceOpening, 'web'>): Promise<ReachedHost> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  const address = await web.resolve(name);
  // This name leads nowhere else, and may have two addresses of which one is listened to.
  return { host: name === 'localhost' ? name : address, serverName: isIP(name) > 0 ? null : name };
}
