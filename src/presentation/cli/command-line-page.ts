import type { Command } from 'commander';
import { createProgram } from './cli.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { CliHost } from './host.ts';

const WIDTH = 110;

const INTRODUCTION = `\`forge\` (also installed as \`data-forge\`; in a clone \`npm run -s forge -- …\`) does from a terminal what the API does. It talks to
the server named by \`--url\`, else to the one that runs on \`DATA_DIR\`, else it opens the store itself for the one command.
Answers go to the standard output, progress and remarks to the standard error; \`--json\` makes answers and errors JSON.

A condition of \`--filter\` is \`FIELD OPERATOR VALUE\`, with the operators of the API: \`eq ne gt gte lt lte in like ilike is_null
is_not_null\`. The value is read as JSON where it is some (\`5\`, \`true\`, \`"5"\`, \`[1, 2]\`), else as text. The API's own JSON does too.

This page is made of the program by \`node scripts/write-reference.ts\`.`;

/** The text of `docs/reference/command-line.md`; `settings` are those that `forge start` takes. */
export function commandLinePage(settings: CliHost['settings']): string {
  const silent = { write: () => true };
  // Nothing is run, so the program needs no more of the world than this.
  const host = { version: '', out: silent, err: silent, env: {}, settings } as Partial<CliHost> as CliHost;
  const program = createProgram(host, new AbortController().signal);
  const sections = [program, ...program.commands.flatMap(withInner)].map((command) => {
    const help = command
      .configureHelp({ helpWidth: WIDTH })
      .helpInformation()
      .replace(/[ \t]+$/gm, '')
      .trimEnd();
    return `## ${pathOf(command)}\n\n\`\`\`\n${help}\n\`\`\``;
  });
  const codes = Object.entries(EXIT_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const table = `## Exit codes\n\n| code | meaning |\n|---|---|\n${codes.join('\n')}`;
  return `# The command line\n\n${INTRODUCTION}\n\n${[...sections, table].join('\n\n')}\n`;
}

function withInner(command: Command): Command[] {
  return command.commands.length > 0 ? command.commands.flatMap(withInner) : [command];
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
