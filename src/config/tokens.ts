import { RIGHTS, type Right } from '#application/caller.ts';
import { BadSetting, items, type Kind } from './kinds.ts';

export interface ApiToken {
  readonly name: string;
  readonly secret: string;
  readonly right: Right;
}

const MIN_SECRET_LENGTH = 8;

/** `name:secret:right` with commas between; a secret may hold colons. Messages never repeat a secret. */
export const tokens: Kind<readonly ApiToken[]> = {
  words: 'list with commas, of name:secret:read, name:secret:write or name:secret:admin',
  placeholder: 'list',
  read: (value) => {
    const read = items(value).map(readToken);
    const repeated = read.find(({ name }, at) => read.findIndex((token) => token.name === name) < at);
    if (repeated) throw new BadSetting(`must give each token a name of its own; "${repeated.name}" is there twice`);
    const shared = read.find(({ secret }, at) => read.findIndex((token) => token.secret === secret) < at);
    if (shared)
      throw new BadSetting(`must give each token a secret of its own; that of "${shared.name}" is there twice`);
    return read;
  },
};

function readToken(item: string, at: number): ApiToken {
  const parts = /^([^:]+):(.+):([^:]*)$/.exec(item);
  if (parts === null) {
    throw new BadSetting(
      `must be name:secret:right with commas between, like lab:4f0c9a6e2b71:read; token ${at + 1} is not`,
    );
  }
  const [, name = '', secret = '', word] = parts;
  const right = RIGHTS.find((candidate) => candidate === word);
  if (right === undefined)
    throw new BadSetting(`must end each token in read, write or admin; token "${name}" does not`);
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new BadSetting(`must have secrets of at least ${MIN_SECRET_LENGTH} characters; that of "${name}" is shorter`);
  }
  return { name, secret, right };
}
