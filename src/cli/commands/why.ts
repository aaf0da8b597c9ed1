import { packages } from '../../app/settings/setting-values.ts';
import { AppError } from '../../model/app-error.ts';
import { toggle, valued } from '../args/option.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'why',
  argument: 'PKG',
  group: 'Packages',
  summary: 'Explain why a package would be installed',
  arguments: {
    describe: 'PKG: a package or a name it provides: libcurl, so:libcurl.so.4',
    complete: 'package',
  },
  options: {
    in: valued(
      {
        repeatable: true,
        placeholder: 'PKG,…',
        group: 'Query',
        describe: 'Packages that are installed together',
      },
      (texts, where) =>
        packages(
          texts.flatMap((text) => text.split(',')),
          where,
        ),
    ),
    all: toggle({
      group: 'Query',
      describe: 'Show a chain for every relation that requires the package, not just the shortest',
    }),
    ...SOURCE_OPTIONS,
  },
  examples: [
    ['compose why libcurl --in git', 'the shortest chain from git to libcurl'],
    ['compose why musl --in git,curl --all', 'a chain for every relation that requires musl'],
  ],
  async run({ settings, options, args, env, app }) {
    const [name = ''] = packages(args, 'package');
    const { in: targets, all } = options;
    if (targets === undefined) {
      throw new AppError('USAGE', 'compose why: expected --in with the packages of a set, got none', {
        hint: `For example: compose why ${name} --in PKG,PKG`,
        details: { option: '--in', expected: 'package names', got: null },
      });
    }
    const data = await app.why({
      source: sourceFrom({ settings, options }),
      name,
      targets,
      all,
    });
    const text = async () => (await import('../render/relations.ts')).renderWhy(data, env);
    return { kind: 'answer', data, text, exitCode: data.package === undefined ? EXIT_NO : EXIT_OK };
  },
});
