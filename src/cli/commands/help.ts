import { nearestNames } from '../../app/settings/nearest.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS } from '../args/options.ts';
import { checkArguments } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'Without COMMAND, an overview; help compose shows all options of compose PKG…',
    complete: 'command',
  },
  options: ['man', ...GENERAL_OPTIONS],
  examples: [
    ['compose help push', 'one command'],
    ['compose help --man | man -l -', 'everything, as a manual page'],
  ],
  async run({ words, columns }) {
    const { LISTINGS } = await import('../commands.ts');
    if (words.options.has('man')) {
      const { manPage } = await import('../man-page.ts');
      const text = await manPage();
      return { kind: 'text', data: { man: text }, text };
    }
    if (words.args.length > 0)
      checkArguments(words.args, { command: 'help', what: 'one command', atMost: 1 });
    const [name] = words.args;
    const names = ['compose', ...LISTINGS.map((listing) => listing.name)];
    if (name !== undefined && !names.includes(name)) {
      const [near] = nearestNames(name, names, 1);
      throw new AppError('USAGE', `compose help: no command ${JSON.stringify(name)}`, {
        hint: near === undefined ? 'compose help lists the commands' : `did you mean compose help ${near}?`,
        details: { expected: names, got: name },
      });
    }
    const { helpText } = await import('../help.ts');
    const text = await helpText(name, columns);
    return { kind: 'text', data: { help: text }, text };
  },
};
