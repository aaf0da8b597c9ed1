import { choice } from '../../app/setting-values.ts';
import type { CommandModule } from '../command.ts';
import { COMPLETION_SCRIPTS, SHELLS } from '../completion-scripts.ts';
import { GENERAL_OPTIONS } from '../options.ts';
import { checkArguments } from '../settings-from-words.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'SHELL: bash, zsh or fish. Completes commands, options, their values and known package names',
    choices: SHELLS,
  },
  options: GENERAL_OPTIONS,
  examples: [
    ['source <(compose completion bash)', 'in ~/.bashrc'],
    ['source <(compose completion zsh)', 'in ~/.zshrc, after compinit'],
    ['compose completion fish > ~/.config/fish/completions/compose.fish', 'once'],
  ],
  async run({ words }) {
    checkArguments(words.args, { command: 'completion', what: 'one of bash, zsh or fish', atMost: 1 });
    const shell = choice(SHELLS, words.args, 'compose completion');
    const text = COMPLETION_SCRIPTS[shell];
    return { kind: 'text', data: { shell, script: text }, text };
  },
};
