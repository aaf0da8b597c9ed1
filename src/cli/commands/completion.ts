import { choice } from '../../app/settings/setting-values.ts';
import { GENERAL_OPTIONS } from '../args/options.ts';
import { checkArguments } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';
import { COMPLETION_SCRIPTS, SHELLS } from '../completion-scripts.ts';

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
