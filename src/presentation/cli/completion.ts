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
      return zsh(commands);
    case 'fish':
      return fish(commands);
    default:
      return powershell(commands);
  }
}

function flagsOf(command: Command): string[] {
  return [...command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])), '--help'];
}

/** Names of commands; the first of them on a line says what may follow, whatever flags and values stand before it. */
function namesOf(commands: readonly Words[]): string {
  return commands.map(({ command }) => command).join(' ');
}

/** For the bash 3.2 of macOS as well. */
function bash(commands: readonly Words[]): string {
  const cases = commands.map(({ command, flags }) => `    ${command}) words="${flags.join(' ')}" ;;`);
  return `_forge() {
  local current="\${COMP_WORDS[COMP_CWORD]}" commands="${namesOf(commands)}" command="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $commands " in *" $word "*) command="$word"; break ;; esac
  done
  case "$command" in
    "") words="$commands --help --version" ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    local IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _forge forge data-forge`;
}

function zsh(commands: readonly Words[]): string {
  const cases = commands.map(({ command, flags }) => `    ${command}) candidates=(${flags.join(' ')}) ;;`);
  return `(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_forge() {
  local word command=""
  local -a commands candidates
  commands=(${namesOf(commands)})
  for word in \${words[2,CURRENT-1]}; do
    if (( \${commands[(Ie)$word]} )); then command=$word; break; fi
  done
  case $command in
    "") candidates=($commands --help --version) ;;
${cases.join('\n')}
  esac
  compadd -- $candidates || _files
}
compdef _forge forge data-forge`;
}

function fish(commands: readonly Words[]): string {
  const first = `'not __fish_seen_subcommand_from ${namesOf(commands)}'`;
  const lines = commands.flatMap(({ command, description, flags }) => [
    `complete -c forge -n ${first} -a ${command} -d '${description.replaceAll("'", "\\'")}'`,
    ...flags.map((flag) => {
      const word = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-a ${flag}`;
      return `complete -c forge -n '__fish_seen_subcommand_from ${command}' ${word}`;
    }),
  ]);
  return [...lines, 'complete -c data-forge -w forge'].join('\n');
}

function powershell(commands: readonly Words[]): string {
  const cases = commands.map(
    ({ command, flags }) => `    '${command}' { ${flags.map((flag) => `'${flag}'`).join(', ')} }`,
  );
  const names = commands.map(({ command }) => `'${command}'`).join(', ');
  return `Register-ArgumentCompleter -Native -CommandName forge, data-forge -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = ${names}
  $command = $commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $commands -contains "$_" } | Select-Object -First 1
  $words = switch ("$command") {
${cases.join('\n')}
    default { $commands }
  }
  $words | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}`;
}
