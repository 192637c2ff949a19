import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A place in the middle of connections to a server, where they can be broken. */
export class BreakingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #breakAfter = Number.POSITIVE_INFINITY;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      let passed = 0;
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.on('data', (bytes: Buffer) => {
        const left = this.#breakAfter - passed;
        passed += bytes.length;
        if (passed < this.#breakAfter) {
          if (!near.write(bytes)) {
            far.pause();
            near.once('drain', () => far.resume());
          }
          return;
        }
        this.#breakAfter = Number.POSITIVE_INFINITY;
        near.end(bytes.subarray(0, Math.max(0, left)), () => near.destroy());
        far.destroy();
      });
    });
  }

  static async start(port: number): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(port);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection that gets so many bytes from the server is cut there. */
  breakAfter(bytes: number): void {
    this.#breakAfter = bytes;
  }

  /** Cuts all connections there are. */
  breakNow(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.breakNow();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
