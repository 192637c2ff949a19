import { type Json, jsonFrom, writeJson } from '#domain/record/json.ts';
import { type ApiClient, apiPath } from './client.ts';

/** The addresses for those who look after an instance; they need the right `admin`. */
export const adminApi = {
  /** What it would take to make the store fit the file of a dataset. */
  plan: (client: ApiClient, name: string): Promise<Json> =>
    client.json('GET', apiPath('admin', 'schemas', name, 'plan')),

  apply: (client: ApiClient, name: string, acceptLoss: boolean): Promise<Json> => {
    const body = writeJson(jsonFrom({ accept_loss: acceptLoss }));
    return client.json('POST', apiPath('admin', 'schemas', name, 'apply'), { body });
  },

  /** Takes over the dataset files as they are now. */
  reload: (client: ApiClient): Promise<Json> => client.json('POST', apiPath('admin', 'reload'), { body: '{}' }),

  /** Writes a copy of the store to a path on the server's machine. */
  backup: (client: ApiClient, to: string | null): Promise<Json> => {
    return client.json('POST', apiPath('admin', 'backup'), { body: writeJson(jsonFrom({ to })) });
  },
};
