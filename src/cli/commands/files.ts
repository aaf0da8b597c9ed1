import { packages } from '../../app/settings/setting-values.ts';
import { toggle } from '../args/option.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'files',
  argument: 'PKG…',
  group: 'Packages',
  summary: 'List the files that packages ship',
  arguments: { describe: 'PKG: git, main/git, "git>2.40"', complete: 'package' },
  options: {
    long: toggle({ short: 'l', group: 'Query', describe: 'Show type, mode, size and link target' }),
    ...SOURCE_OPTIONS,
  },
  examples: [
    ['compose files git', 'one path per line; directories end with a slash'],
    ['compose files busybox -l', 'with type, mode, size and link target'],
  ],
  async run({ settings, options, args, app }) {
    const { long } = options;
    const data = await app.files({
      source: sourceFrom({ settings, options }),
      packages: packages(args, 'package'),
      details: long || options.json,
    });
    const text = async () => (await import('../render/packages.ts')).renderFiles(data, { long });
    return { kind: 'answer', data, text };
  },
});
