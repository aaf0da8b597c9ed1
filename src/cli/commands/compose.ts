import { sourceDateEpoch } from '../../app/settings/setting-values.ts';
import { composeRequest, overlay, SETTINGS } from '../../app/settings/settings.ts';
import { IMAGE_OPTIONS } from '../args/image-options.ts';
import { composeSettings, OUTPUT_OPTIONS } from '../args/output-options.ts';
import { SOURCE_OPTIONS } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { composeResult } from '../compose-result.ts';

const packagesOf = SETTINGS.find((setting) => setting.key === 'packages')!;

export const command = defineCommand({
  name: '',
  argument: 'PKG…',
  group: 'Images',
  summary: 'Compose an image of packages and their dependencies',
  arguments: {
    describe: 'PKG: gcc, "git>2.40", git@edge, core/bash',
    complete: 'package',
  },
  options: { ...SOURCE_OPTIONS, ...IMAGE_OPTIONS, ...OUTPUT_OPTIONS },
  examples: [
    ['compose gcc --distro alpine', 'write out.tar, an image with gcc'],
    ['compose bash coreutils --distro arch -t tools --load', 'load it into docker or podman'],
    ['compose python3 --cmd \'["python3"]\' -o python.tar', 'set the default command'],
    ['compose git --push registry.example/team/git:2', 'push it to a registry; no file is written'],
    ['compose git --repo ./packages --keyring-append ./keys', 'use a folder of your own packages'],
    ['compose -- index', 'a package that is named like a command'],
  ],
  async run({ settings, options, args, env, app }) {
    const packages = packagesOf.parse(args, 'package');
    const all = overlay(packages, composeSettings({ settings, options }));
    const request = composeRequest(all, sourceDateEpoch(env.SOURCE_DATE_EPOCH));
    return composeResult(await app.compose(request), request, options);
  },
});
