import { flagName, SETTING_ENTRIES, type Setting } from './settings.ts';

/** The settings by group, in the order of the table. */
function settingGroups(): Map<string, Setting<unknown>[]> {
  return Map.groupBy(
    SETTING_ENTRIES.map(([, setting]) => setting),
    ({ group }) => group,
  );
}

/** The settings as flags, for a command line that shows them in its own way. */
export function settingOptions() {
  return SETTING_ENTRIES.map(([, setting]) => ({
    name: setting.name,
    flags: usageOf(setting),
    description: setting.description,
    default: setting.default,
  }));
}

function usageOf(setting: Setting<unknown>): string {
  return `${flagName(setting)}${setting.kind.placeholder === null ? '' : ` <${setting.kind.placeholder}>`}`;
}

/** The part of `--help` that lists the settings. */
export function settingsHelp(): string {
  const blocks = [...settingGroups()].map(([title, settings]) => {
    const lines = settings.map((setting) => {
      const usage = usageOf(setting);
      return `  ${usage.padEnd(34)}${usage.length > 33 ? `\n${' '.repeat(36)}` : ''}${setting.description}${defaultText(setting)}`;
    });
    return `${title}:\n${lines.join('\n')}`;
  });
  return `${blocks.join('\n\n')}\n\nEach can also be set in the environment or in a file .env, as HOST or MAX_PAGE_SIZE.\n`;
}

function defaultText(setting: Setting<unknown>): string {
  return setting.default === '' ? '' : ` [${setting.default}]`;
}

/** The text of `.env.example`. */
export function envExample(): string {
  const blocks = [...settingGroups()].map(([title, settings]) => {
    const lines = settings.map(({ name, kind, default: value, description }) => {
      return `# ${description} (${kind.words})\n# ${name}=${value}`;
    });
    return `## ${title}\n\n${lines.join('\n\n')}`;
  });
  return `# Copy this file to .env and set what you want to change.\n\n${blocks.join('\n\n')}\n`;
}

/** The text of `docs/reference/configuration.md`. */
export function configurationPage(): string {
  const blocks = [...settingGroups()].map(([title, settings]) => {
    const rows = settings.map((setting) => {
      const fallback = setting.default === '' ? '' : `\`${setting.default}\``;
      return `| \`${setting.name}\` | \`${flagName(setting)}\` | ${setting.kind.words} | ${fallback} | ${setting.description} |`;
    });
    return `## ${title}\n\n| name | flag | value | default | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}`;
  });
  return `# Configuration\n\n${INTRODUCTION}\n\n${blocks.join('\n\n')}\n`;
}

const INTRODUCTION = `Every setting can be given as a flag, as an environment variable or in a file \`.env\` in the current folder; the first of
these that has it wins, and an empty value counts as not set. What is wrong is told all at once, and the server does not start.

This page is made of the table in \`src/config/settings.ts\` by \`node scripts/write-reference.ts\`.`;
