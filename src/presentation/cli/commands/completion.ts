import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import type { AddCommand } from '../context.ts';

/** `forge completion SHELL`: a script to be read by the shell's own start-up file. */
export const completionCommand: AddCommand = (program, begin) => {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .addHelpText(
      'after',
      '\nFor bash: forge completion bash >> ~/.bashrc\nFor PowerShell: forge completion powershell >> $PROFILE',
    )
    .action((shell: Shell, _options, command: Command) => {
      begin(command).output.line(completionScript(program, shell));
    });
};
