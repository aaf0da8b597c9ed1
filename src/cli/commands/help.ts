import { nearestNames } from '../../app/settings/nearest.ts';
import { AppError } from '../../model/app-error.ts';
import { toggle } from '../args/option.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'help',
  argument: '[COMMAND]',
  group: 'Shell',
  summary: 'Show help for compose or one of its commands',
  arguments: {
    describe: 'Without COMMAND, an overview; help compose shows all options of compose PKG…',
    complete: 'command',
  },
  options: {
    man: toggle({ group: 'General', describe: 'Print everything as a manual page (roff)' }),
  },
  examples: [
    ['compose help push', 'one command'],
    ['compose help --man | man -l -', 'everything, as a manual page'],
  ],
  async run({ options, args: [name], commands, columns }) {
    if (options.man) {
      const { manPage } = await import('../man-page.ts');
      const text = await manPage(commands);
      return { kind: 'text', data: { man: text }, text };
    }
    const names = ['compose', ...Object.keys(commands)];
    if (name !== undefined && !names.includes(name)) {
      const [near] = nearestNames(name, names, 1);
      throw new AppError('USAGE', `compose help: no command ${JSON.stringify(name)}`, {
        hint: near === undefined ? 'For all commands: compose help' : `Did you mean compose help ${near}?`,
        details: { expected: names, got: name },
      });
    }
    const { helpText } = await import('../help.ts');
    const text = await helpText(commands, name, columns);
    return { kind: 'text', data: { help: text }, text };
  },
});
