import {
  CloseSessionResult,
  INVALID_NAME,
  INVALID_VALUE,
  SESSION_CLOSED,
  SessionOptions,
  SetSessionOptionsResult,
} from '#formats/flight/flight-messages.ts';
import { CATALOG, SCHEMA } from './catalog.ts';

/** The options of every session. There is one catalog with one schema, so that nothing needs to be kept. */
const OPTIONS: Readonly<Record<string, string>> = { catalog: CATALOG, schema: SCHEMA };

/** Takes an option that is set to what it is, and names the others as errors. */
export function setSessionOptions(body: Uint8Array): Uint8Array {
  const errors = SessionOptions.decode(body).options.flatMap(({ name = '', value }) => {
    if (!Object.hasOwn(OPTIONS, name)) return [{ name, error: { value: INVALID_NAME } }];
    return value?.text === OPTIONS[name] ? [] : [{ name, error: { value: INVALID_VALUE } }];
  });
  return SetSessionOptionsResult.encode({ errors });
}

export function getSessionOptions(): Uint8Array {
  const options = Object.entries(OPTIONS).map(([name, text]) => ({ name, value: { text } }));
  return SessionOptions.encode({ options });
}

export function closeSession(): Uint8Array {
  return CloseSessionResult.encode({ status: SESSION_CLOSED });
}
