import { choice, word } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { accessFromWords } from '../args/registry-words.ts';
import { settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule, Invocation, Result } from '../command.ts';

const ACTIONS = ['add', 'ls'] as const;

function wrong(action: string, expected: string, got: unknown): never {
  throw new AppError(
    'USAGE',
    `compose mirror ${action}: expected ${expected}, got ${got === 'none' ? got : JSON.stringify(got)}`,
    {
      hint: 'compose mirror --help shows the usage',
      details: { expected, got },
    },
  );
}

async function add({ words, app }: Invocation): Promise<Result> {
  const { options } = words;
  const packages = words.args.slice(1);
  const all = options.has('all');
  const to = options.get('to');
  if (to === undefined) wrong('add', '--to REG/NAME', 'none');
  if (all && packages.length > 0) wrong('add', 'packages or --all', packages);
  const data = await app.mirrorAdd({
    source: sourceOptions(settingsFromWords(words)),
    packages,
    all,
    files: options.has('files'),
    to: word(to, '--to'),
  });
  const quiet = options.has('quiet');
  const text = async () => (await import('../render/mirror.ts')).renderMirrorAdd(data, { quiet });
  return { kind: 'answer', data, text };
}

async function list({ words, app }: Invocation): Promise<Result> {
  const [mirror, ...others] = words.args.slice(1);
  if (mirror === undefined || others.length > 0)
    wrong('ls', 'one REG/NAME[:TAG]', words.args.slice(1).join(' ') || 'none');
  const foreign = ['to', 'all', 'files', ...SOURCE_OPTIONS].find(
    (name) => words.options.has(name) && !REGISTRY_OPTIONS.includes(name),
  );
  if (foreign !== undefined) wrong('ls', 'only registry options', `--${foreign}`);
  const data = await app.mirrorList({ mirror, access: accessFromWords(words) });
  const text = async () => (await import('../render/mirror.ts')).renderMirrorList(data);
  return { kind: 'answer', data, text };
}

export const command: CommandModule = {
  arguments: {
    describe:
      'add PKG…: with their dependencies, or --all, or only the index; ls REG/NAME[:TAG]: list releases',
    choices: ACTIONS,
    complete: 'package',
  },
  options: ['to', 'all', 'files', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    [
      'compose mirror add --release v3.19 --repo main --all --to registry.example/alpine',
      'a whole repository; run again to add what is new',
    ],
    [
      'compose mirror add git openssh --distro arch --to registry.example/arch',
      'two packages and what they need, with the indexes of core and extra',
    ],
    ['compose git --repo oci://registry.example/alpine:v3.19', 'compose from it'],
    ['compose mirror ls registry.example/alpine', 'releases, repositories and generations'],
  ],
  async run(invocation) {
    const action = choice(ACTIONS, invocation.words.args.slice(0, 1), 'compose mirror');
    return action === 'add' ? add(invocation) : list(invocation);
  },
};
