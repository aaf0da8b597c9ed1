import { SETTINGS, sourceOptions } from '../../app/settings.ts';
import type { CommandModule } from '../command.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../options.ts';
import { checkArguments, settingsFromWords } from '../settings-from-words.ts';

const packagesOf = SETTINGS.find((setting) => setting.key === 'packages')!;

export const command: CommandModule = {
  arguments: {
    describe: 'PKG: gcc, "git>2.40", git@edge, core/bash',
    complete: 'package',
  },
  options: [...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose plan git', 'git and its dependencies, in install order'],
    ['compose plan bash --distro arch --json', 'for another program to read'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'plan', what: 'package names', atMost: Number.POSITIVE_INFINITY });
    const { packages = [] } = packagesOf.parse(words.args, 'package');
    return {
      kind: 'plan',
      data: await app.plan({ source: sourceOptions(settingsFromWords(words)), packages }),
    };
  },
};
