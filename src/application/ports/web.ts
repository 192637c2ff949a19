interface WebRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** HTTP to other people's servers, within what the configuration allows. */
export interface Web {
  /**
   * Follows redirects; the body comes decompressed.
   * @throws DataForgeError `invalid_configuration` for an address that is forbidden, `source_failed` (retryable) where nobody answers, `cancelled`
   */
  fetch(url: URL, request: WebRequest): Promise<Response>;
  /**
   * For protocols that connect by themselves: the address to connect to for a host name.
   * @throws DataForgeError as `fetch`
   */
  resolve(host: string): Promise<string>;
}
