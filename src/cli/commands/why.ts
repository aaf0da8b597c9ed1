import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'PKG: a package or a name it provides: libcurl, so:libcurl.so.4',
    complete: 'package',
  },
  options: ['in', 'all', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose why libcurl --in git', 'the shortest way from git to libcurl'],
    ['compose why musl --in git,curl --all', 'a path for every relation that requires musl'],
  ],
  async run({ words, env, app }) {
    checkArguments(words.args, { command: 'why', what: 'one package name', atMost: 1 });
    const [name = ''] = packages(words.args, 'package');
    const set = words.options.get('in');
    if (set === undefined) {
      throw new AppError('USAGE', 'compose why: expected --in with the packages of a set, got none', {
        hint: `write: compose why ${name} --in PKG,PKG`,
        details: { option: '--in', expected: 'package names', got: null },
      });
    }
    const data = await app.why({
      source: sourceOptions(settingsFromWords(words)),
      name,
      targets: packages(
        set.flatMap((text) => text.split(',')),
        '--in',
      ),
      all: words.options.has('all'),
    });
    const text = async () => (await import('../render/relations.ts')).renderWhy(data, env);
    return { kind: 'answer', data, text, exitCode: data.package === undefined ? EXIT_NO : EXIT_OK };
  },
};
