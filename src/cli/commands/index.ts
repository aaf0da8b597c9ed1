import { sourceOptions } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  options: ['files', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose index --distro alpine', "main and community of Alpine's latest release"],
    ['compose index --distro arch --mirror https://mirror.example/archlinux', 'core and extra of a mirror'],
    ['compose index --distro arch --files', 'and what every package of theirs ships, for owns'],
  ],
  async run({ words, app }) {
    if (words.args.length > 0) {
      throw new AppError(
        'USAGE',
        `compose index: expected options only, got ${JSON.stringify(words.args.join(' '))}`,
        {
          hint: 'name a repository with --repo; a package called index is composed by: compose -- index',
          details: { expected: 'no arguments', got: words.args },
        },
      );
    }
    const source = sourceOptions(settingsFromWords(words));
    return { kind: 'index', data: await app.index({ source, files: words.options.has('files') }) };
  },
};
