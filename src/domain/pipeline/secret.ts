import { either, faultAt, type Option, text } from '../file/option.ts';
import { object } from '../file/option-group.ts';

/** What a file says in the place of a secret: the name under which it is kept. */
export interface SecretName {
  readonly secret: string;
}

const SECRET_NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;

/** A secret, which stands in the file by its name alone. */
export function secret(description: string): Option<SecretName> {
  const option = object(description, {
    secret: text('The name of the secret.', { pattern: SECRET_NAME, shape: 'a name of letters, digits and _' }),
  });
  return {
    ...option,
    read(json, place) {
      if (typeof json !== 'string') return option.read(json, place);
      return faultAt(place, 'must name a secret, not hold it; write {secret: NAME}');
    },
  };
}

/** A text, or a secret. */
export function textOrSecret(description: string): Option<string | SecretName> {
  return either(description, secret('A secret by its name.'), text('The text itself.'));
}
