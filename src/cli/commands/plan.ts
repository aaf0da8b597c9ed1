import { SETTINGS, sourceOptions } from '../../app/settings.ts';
import type { Command } from '../command.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../options.ts';
import { checkArguments, settingsFromWords } from '../settings-from-words.ts';

const packagesOf = SETTINGS.find((setting) => setting.key === 'packages')!;

export const command: Command = {
  name: 'plan',
  summary: 'Show which packages would be installed, and how large they are',
  positional: {
    usage: 'PKG…',
    describe: 'Packages: gcc, "git>2.40", git@edge, core/bash',
    complete: 'package',
  },
  options: [...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose plan git', 'git and its dependencies, in install order'],
    ['compose plan bash --distro arch --json', 'for another program to read'],
  ],
  async run({ words, args, app }) {
    checkArguments(args, { command: 'plan', what: 'package names', atMost: Number.POSITIVE_INFINITY });
    const { packages = [] } = packagesOf.parse(args, 'package');
    return {
      kind: 'plan',
      data: await app.plan({ source: sourceOptions(settingsFromWords(words)), packages }),
    };
  },
};
