import { choice } from '../../app/settings/setting-values.ts';
import { defineCommand } from '../command.ts';
import { COMPLETION_SCRIPTS, SHELLS } from '../completion-scripts.ts';

export const command = defineCommand({
  name: 'completion',
  argument: 'SHELL',
  group: 'Shell',
  summary: 'Print the completion script for a shell',
  arguments: {
    describe: 'SHELL: bash, zsh or fish. Completes commands, options, their values and known package names',
    choices: SHELLS,
  },
  options: {},
  examples: [
    ['source <(compose completion bash)', 'in ~/.bashrc'],
    ['source <(compose completion zsh)', 'in ~/.zshrc, after compinit'],
    ['compose completion fish > ~/.config/fish/completions/compose.fish', 'once'],
  ],
  async run({ args }) {
    const shell = choice(SHELLS, args, 'compose completion');
    const text = COMPLETION_SCRIPTS[shell];
    return { kind: 'text', data: { shell, script: text }, text };
  },
});
