import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { DataForgeError, type Fault } from '#domain/errors.ts';

/** Before the name of a secret in the environment: so a pipeline can ask for no other variable. */
const PREFIX = 'FORGE_SECRET_';

/** Shorter texts stand everywhere by chance. */
const LEAST_REDACTED = 4;

/** The secrets of the configuration. Printed or made JSON it shows none. */
export class SecretStore {
  readonly #secrets: ReadonlyMap<string, string>;

  constructor(secrets: ReadonlyMap<string, string>) {
    this.#secrets = secrets;
  }

  get(name: string): string {
    const secret = this.#secrets.get(name);
    if (secret !== undefined) return secret;
    const message = `There is no secret ${name}; set ${PREFIX}${name} in the environment, or ${name}=… in SECRETS_FILE.`;
    throw new DataForgeError('invalid_configuration', message);
  }

  redact(text: string): string {
    let redacted = text;
    for (const secret of this.#secrets.values()) {
      if (secret.length >= LEAST_REDACTED) redacted = redacted.replaceAll(secret, '…');
    }
    return redacted;
  }
}

/** Secrets of a file, and over them those of the environment. */
export function readSecrets(
  env: Readonly<Record<string, string | undefined>>,
  file: string | null,
  faults: Fault[],
): SecretStore {
  const secrets = new Map(file === null ? [] : readFile(file, faults));
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(PREFIX) && value) secrets.set(name.slice(PREFIX.length), value);
  }
  return new SecretStore(secrets);
}

function readFile(file: string, faults: Fault[]): [string, string][] {
  try {
    const values = parseEnv(readFileSync(file, 'utf8'));
    return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  } catch {
    faults.push({ pointer: '/SECRETS_FILE', message: 'The file that SECRETS_FILE names cannot be read.' });
    return [];
  }
}
