/**
 * What the types of GraphQL Yoga need of this package. Its own bring those of browsers into the whole project, where they
 * contradict Node's; `tsconfig.json` puts these in their place.
 */
export declare const fetch: typeof globalThis.fetch;
export declare const Request: typeof globalThis.Request;
export declare const Response: typeof globalThis.Response;
export declare const Headers: typeof globalThis.Headers;
export declare const FormData: typeof globalThis.FormData;
export declare const ReadableStream: typeof globalThis.ReadableStream;
export declare const URL: typeof globalThis.URL;
export declare const URLSearchParams: typeof globalThis.URLSearchParams;
export declare function createFetch(options: object): typeof import('./whatwg-fetch.d.ts');
