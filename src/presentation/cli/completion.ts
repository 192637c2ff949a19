import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

interface Words {
  readonly command: string;
  readonly description: string;
  readonly flags: readonly string[];
}

/** A script that completes commands and flags; a file name anywhere else. */
export function completionScript(program: Command, shell: Shell): string {
  const globals = flagsOf(program);
  const commands = program.commands.map((command): Words => {
    const inner = command.commands.map((sub) => sub.name());
    return {
      command: command.name(),
      description: command.description(),
      flags: [...inner, ...flagsOf(command), ...globals],
    };
  });
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case 'fish':
      return fish(commands);
    default:
      return powershell(commands);
  }
}

function flagsOf(command: Command): string[] {
  return [...command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])), '--help'];
}

function bash(commands: readonly Words[]): string {
  const cases = commands.map(({ command, flags }) => `    ${command}) words="${flags.join(' ')}" ;;`);
  return `_forge() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) command="$word"; break ;; esac
  done
  case "$command" in
    "") words="${commands.map(({ command }) => command).join(' ')} --help --version" ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _forge forge data-forge`;
}

function fish(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ command, description, flags }) => [
    `complete -c forge -n __fish_use_subcommand -a ${command} -d '${description.replaceAll("'", "\\'")}'`,
    ...flags.map((flag) => {
      const word = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-a ${flag}`;
      return `complete -c forge -n '__fish_seen_subcommand_from ${command}' ${word}`;
    }),
  ]);
  return lines.join('\n');
}

function powershell(commands: readonly Words[]): string {
  const cases = commands.map(
    ({ command, flags }) => `    '${command}' { ${flags.map((flag) => `'${flag}'`).join(', ')} }`,
  );
  return `Register-ArgumentCompleter -Native -CommandName forge, data-forge -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $command = $commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { "$_" -notlike '-*' } | Select-Object -First 1
  $words = switch ("$command") {
${cases.join('\n')}
    default { ${commands.map(({ command }) => `'${command}'`).join(', ')} }
  }
  $words | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}`;
}
