import type { FastifyInstance } from 'fastify';

/** Knows which methods an address takes, so that another one is a 405 with `Allow` and not a 404. */
export class AllowedMethods {
  readonly #routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  constructor(server: FastifyInstance) {
    server.addHook('onRoute', ({ url, method }) => {
      const source = url
        .split('/')
        .map((part) =>
          part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
        )
        .join('/');
      this.#routes.push({ pattern: new RegExp(`^${source}$`), methods: [method].flat() });
    });
  }

  /** The methods of an address, sorted; none where there is nothing at it. */
  of(url: string): string[] {
    const path = url.split('?', 1)[0] ?? '';
    const methods = this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  }
}
