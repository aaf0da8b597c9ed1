import { packages } from '../../app/settings/setting-values.ts';
import { AppError } from '../../model/app-error.ts';
import { toggle } from '../args/option.ts';
import { DEPTH_OPTION, OPTIONAL_OPTION } from '../args/query-options.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

function refuse(option: string, problem: string, expected: string): never {
  throw new AppError('USAGE', `${option} ${problem}`, {
    hint: 'See compose depends --help.',
    details: { option, expected, got: option },
  });
}

export const command = defineCommand({
  name: 'depends',
  argument: 'PKG…',
  group: 'Packages',
  summary: 'Show dependencies, as a list or a tree',
  arguments: {
    describe: 'PKG: gcc, "git>2.40", so:libcurl.so.4, core/bash, a pacman group',
    complete: 'package',
  },
  options: {
    tree: toggle({
      group: 'Query',
      describe: 'Resolve, and show a tree of everything that would be installed',
    }),
    ...DEPTH_OPTION,
    ...OPTIONAL_OPTION,
    ...SOURCE_OPTIONS,
  },
  examples: [
    ['compose depends git', 'what git requires, and what each relation resolves to'],
    ['compose depends --tree git', 'everything that would be installed with git, as chosen by the solver'],
    ['compose depends --optional git --distro arch', 'with the optional dependencies'],
  ],
  async run({ settings, options, args, env, app }) {
    const request = {
      source: sourceFrom({ settings, options }),
      packages: packages(args, 'package'),
    };
    const { optional, tree } = options;
    if (tree) {
      if (optional)
        refuse(
          '--optional',
          'cannot be combined with --tree: optional dependencies are not installed',
          'no --tree',
        );
      const { depth = Number.POSITIVE_INFINITY } = options;
      const data = await app.graph({ ...request, depth });
      const text = async () => (await import('../render/tree.ts')).renderTree(data, { depth, env });
      return { kind: 'answer', data, text };
    }
    if (options.depth !== undefined) refuse('--depth', 'needs --tree', '--tree');
    const data = await app.depends({ ...request, optional });
    const text = async () => (await import('../render/relations.ts')).renderDepends(data);
    return { kind: 'answer', data, text };
  },
});
