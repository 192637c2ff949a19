/** Passwords and keys that files name and never hold. */
export interface Secrets {
  /** @throws DataForgeError `invalid_configuration` where there is none of that name */
  get(name: string): string;
  /** The text without any secret that it may hold. */
  redact(text: string): string;
}
