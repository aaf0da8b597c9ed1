import { packages } from '../../app/settings/setting-values.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'show',
  argument: 'PKG…',
  group: 'Packages',
  summary: 'Show everything known about packages',
  arguments: {
    describe: 'PKG: git, main/git, "git>2.40", or a name that packages provide: so:libz.so.1',
    complete: 'package',
  },
  options: SOURCE_OPTIONS,
  examples: [
    ['compose show git', 'every version in the repositories, and what is cached'],
    ['compose show core/bash --distro arch', 'in one repository'],
    ['compose show cmd:sh', 'the packages that provide a command'],
  ],
  async run({ settings, options, args, app }) {
    const targets = packages(args, 'package');
    const data = await app.show({ source: sourceFrom({ settings, options }), packages: targets });
    const text = async () => (await import('../render/show.ts')).renderShow(data);
    return { kind: 'answer', data, text };
  },
});
