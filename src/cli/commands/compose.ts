import { sourceDateEpoch } from '../../app/settings/setting-values.ts';
import { composeRequest, overlay, SETTINGS } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, IMAGE_OPTIONS, OUTPUT_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

const packagesOf = SETTINGS.find((setting) => setting.key === 'packages')!;

export const command: CommandModule = {
  arguments: {
    describe: 'PKG: gcc, "git>2.40", git@edge, core/bash',
    complete: 'package',
  },
  options: [...SOURCE_OPTIONS, ...IMAGE_OPTIONS, ...OUTPUT_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose gcc --distro alpine', 'write out.tar, an image with gcc'],
    ['compose bash coreutils --distro arch -t tools --load', 'load it into the engine that answers'],
    ['compose python3 --cmd \'["python3"]\' -o python.tar', 'set the default command'],
    ['compose git --push registry.example/team/git:2', 'push it to a registry; no file is written'],
    ['compose git --repo ./packages --keyring-append ./keys', 'from a folder of your own packages'],
    ['compose -- index', 'a package that is named like a command'],
  ],
  async run({ words, env, app }) {
    const packages = packagesOf.parse(words.args, 'package');
    const settings = overlay(packages, settingsFromWords(words));
    const request = composeRequest(settings, sourceDateEpoch(env.SOURCE_DATE_EPOCH));
    return { kind: 'compose', data: await app.compose(request), request };
  },
};
