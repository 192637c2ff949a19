import { type Command, Option } from 'commander';
import type { AddCommand } from '../context.ts';

/** `forge start`: serves until it is stopped. Every setting is a flag. */
export const startCommand: AddCommand = (program, begin) => {
  const start = program.command('start').description('serve the datasets');
  start.action(async (options: Readonly<Record<string, string | boolean>>, command: Command) => {
    const { host, flags } = begin(command);
    const given = { ...flags };
    for (const option of start.options) {
      const value = options[option.attributeName()];
      const name = settingName(option);
      if (value !== undefined && host.settings.some((setting) => setting.name === name)) given[name] = String(value);
    }
    await host.runServer(given);
  });
  const { settings } = begin(start).host;
  for (const setting of settings) {
    // These two stand before every command.
    if (setting.name === 'DATA_DIR' || setting.name === 'DATASETS_DIR') continue;
    const fallback = setting.default === '' ? '' : ` [${setting.default}]`;
    start.addOption(new Option(setting.flags, `${setting.description}${fallback}`));
    if (!setting.flags.includes('<')) start.addOption(new Option(setting.flags.replace('--', '--no-')).hideHelp());
  }
};

function settingName(option: Option): string {
  return option.name().replace(/^no-/, '').replaceAll('-', '_').toUpperCase();
}
