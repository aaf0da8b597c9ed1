import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, depthFromWords, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule, Invocation, Result } from '../command.ts';

function refuse(option: string, problem: string, expected: string): never {
  throw new AppError('USAGE', `${option} ${problem}`, {
    hint: 'compose depends --help shows the usage',
    details: { option, expected, got: option },
  });
}

async function run({ words, env, app }: Invocation): Promise<Result> {
  const { options, args } = words;
  checkArguments(args, { command: 'depends', what: 'package names', atMost: Number.POSITIVE_INFINITY });
  const request = {
    source: sourceOptions(settingsFromWords(words)),
    packages: packages(args, 'package'),
  };
  const optional = options.has('optional');
  if (options.has('tree')) {
    if (optional)
      refuse(
        '--optional',
        'cannot be combined with --tree: optional dependencies are not installed',
        'no --tree',
      );
    const depth = depthFromWords(words, Number.POSITIVE_INFINITY);
    const data = await app.graph({ ...request, depth });
    const text = async () => (await import('../render/tree.ts')).renderTree(data, { depth, env });
    return { kind: 'answer', data, text };
  }
  if (options.has('depth')) refuse('--depth', 'needs --tree', '--tree');
  const data = await app.depends({ ...request, optional });
  const text = async () => (await import('../render/relations.ts')).renderDepends(data);
  return { kind: 'answer', data, text };
}

export const command: CommandModule = {
  arguments: {
    describe: 'PKG: gcc, "git>2.40", so:libcurl.so.4, core/bash, a pacman group',
    complete: 'package',
  },
  options: ['tree', 'depth', 'optional', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose depends git', 'what git says it needs, and what each relation resolves to'],
    ['compose depends --tree git', 'everything that git would install, as chosen by the solver'],
    ['compose depends --optional git --distro arch', 'with the optional dependencies'],
  ],
  run,
};
