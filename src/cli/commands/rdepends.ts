import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, depthFromWords, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'NAME: a package, or a name that packages provide: musl, so:libcurl.so.4',
    complete: 'package',
  },
  options: ['recursive', 'depth', 'optional', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose rdepends libcurl', 'what depends on libcurl, and through which relation'],
    ['compose rdepends libcurl --recursive', 'and what depends on those'],
    ['compose rdepends perl --distro arch --optional', 'optional dependencies too'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'rdepends', what: 'one package name', atMost: 1 });
    const [name = ''] = packages(words.args, 'package');
    const data = await app.dependents({
      source: sourceOptions(settingsFromWords(words)),
      name,
      depth: depthFromWords(words, words.options.has('recursive') ? Number.POSITIVE_INFINITY : 1),
      optional: words.options.has('optional'),
    });
    const text = async () => (await import('../render/relations.ts')).renderDependents(data);
    return { kind: 'answer', data, text };
  },
};
