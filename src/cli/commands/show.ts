import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'PKG: git, main/git, "git>2.40", or a name that packages provide: so:libz.so.1',
    complete: 'package',
  },
  options: [...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose show git', 'every version in the repositories, and what is cached'],
    ['compose show core/bash --distro arch', 'of one repository'],
    ['compose show cmd:sh', 'the packages that provide a command'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'show', what: 'package names', atMost: Number.POSITIVE_INFINITY });
    const targets = packages(words.args, 'package');
    const data = await app.show({ source: sourceOptions(settingsFromWords(words)), packages: targets });
    const text = async () => (await import('../render/show.ts')).renderShow(data);
    return { kind: 'answer', data, text };
  },
};
