import { packages } from '../../app/settings/setting-values.ts';
import { toggle } from '../args/option.ts';
import { DEPTH_OPTION, OPTIONAL_OPTION } from '../args/query-options.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'rdepends',
  argument: 'NAME',
  group: 'Packages',
  summary: 'Show which packages depend on a package',
  arguments: {
    describe: 'NAME: a package, or a name that packages provide: musl, so:libcurl.so.4',
    complete: 'package',
  },
  options: {
    recursive: toggle({ group: 'Query', describe: 'Follow dependents of dependents too' }),
    ...DEPTH_OPTION,
    ...OPTIONAL_OPTION,
    ...SOURCE_OPTIONS,
  },
  examples: [
    ['compose rdepends libcurl', 'what depends on libcurl, and through which relation'],
    ['compose rdepends libcurl --recursive', 'and what depends on those'],
    ['compose rdepends perl --distro arch --optional', 'optional dependencies too'],
  ],
  async run({ settings, options, args, app }) {
    const [name = ''] = packages(args, 'package');
    const data = await app.dependents({
      source: sourceFrom({ settings, options }),
      name,
      depth: options.depth ?? (options.recursive ? Number.POSITIVE_INFINITY : 1),
      optional: options.optional,
    });
    const text = async () => (await import('../render/relations.ts')).renderDependents(data);
    return { kind: 'answer', data, text };
  },
});
