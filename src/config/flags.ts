import { DataForgeError, type Fault } from '#domain/errors.ts';
import { didYouMean } from '#domain/text/suggest.ts';
import { flagName, SETTING_ENTRIES, type Setting } from './settings.ts';

const BY_FLAG = new Map(SETTING_ENTRIES.map(([, setting]) => [flagName(setting), setting]));

export interface ParsedFlags {
  /** By the name of the setting, as `loadConfig` takes them. */
  readonly flags: Readonly<Record<string, string>>;
  readonly help: boolean;
  readonly version: boolean;
}

/**
 * Reads `--port 9000`, `--port=9000`, `--trust-proxy`, `--no-trust-proxy`, `--help`, `--version`.
 * @throws DataForgeError `invalid_configuration` with every fault
 */
export function parseFlags(argv: readonly string[]): ParsedFlags {
  const flags: Record<string, string> = {};
  const faults: Fault[] = [];
  const words = [...argv];
  let help = false;
  let version = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--help' || word === '-h') help = true;
    else if (word === '--version' || word === '-V') version = true;
    else readFlag(word, words, flags, faults);
  }
  if (faults.length === 0) return { flags, help, version };
  throw new DataForgeError('invalid_configuration', faults.map(({ message }) => message).join(' '), { faults });
}

function readFlag(word: string, rest: string[], flags: Record<string, string>, faults: Fault[]): void {
  const [name = '', ...tail] = word.split('=');
  const value = tail.length > 0 ? tail.join('=') : undefined;
  const negated = BY_FLAG.get(name.replace(/^--no-/, '--'));
  if (name.startsWith('--no-') && isSwitch(negated) && value === undefined) {
    flags[negated.name] = 'false';
    return;
  }
  const setting = BY_FLAG.get(name);
  if (setting === undefined) {
    if (value === undefined && name.startsWith('--')) nextValue(rest);
    const hint = didYouMean(name, [...BY_FLAG.keys()]);
    faults.push({ pointer: '', message: `There is no flag ${name}${hint}; --help lists them.` });
    return;
  }
  const given = value ?? (isSwitch(setting) ? 'true' : nextValue(rest));
  if (given === undefined)
    faults.push({ pointer: `/${setting.name}`, message: `${name} needs a value: ${setting.kind.words}.` });
  else flags[setting.name] = given;
}

function isSwitch(setting: Setting<unknown> | undefined): setting is Setting<unknown> {
  return setting !== undefined && setting.kind.placeholder === null;
}

function nextValue(rest: string[]): string | undefined {
  return rest[0] === undefined || rest[0].startsWith('--') ? undefined : rest.shift();
}
