import { choice, pairs, words as textWords, word } from '../../app/settings/setting-values.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords } from '../args/registry-words.ts';
import type { CommandModule, Invocation, Result } from '../command.ts';

const ACTIONS = ['push', 'pull', 'fetch'] as const;
type Action = (typeof ACTIONS)[number];

/** Who takes the options that not all of them take. */
const OWN_OPTIONS: Readonly<Record<string, readonly Action[]>> = {
  'artifact-type': ['push'],
  subject: ['push'],
  annotation: ['push'],
  title: ['pull'],
  'no-unpack': ['pull'],
  output: ['pull', 'fetch'],
  platform: ['pull', 'fetch'],
  'keep-old-files': ['pull', 'fetch'],
};

const EXPECTED: Readonly<Record<Action, string>> = {
  push: 'REF and at least one FILE',
  pull: 'one REF',
  fetch: 'one URL',
};

/** What follows the action. @throws AppError USAGE */
function argumentsOf({ words }: Invocation, action: Action): readonly [string, ...string[]] {
  for (const [option, takers] of Object.entries(OWN_OPTIONS)) {
    if (!words.options.has(option) || takers.includes(action)) continue;
    throw new AppError('USAGE', `--${option} is only an option of compose artifact ${takers.join(' and ')}`, {
      hint: 'compose artifact --help shows the usage',
      details: { option: `--${option}`, expected: takers, got: action },
    });
  }
  const [first, ...others] = words.args.slice(1);
  if (first !== undefined && (action === 'push' ? others.length > 0 : others.length === 0))
    return [first, ...others];
  throw new AppError('USAGE', `compose artifact ${action}: expected ${EXPECTED[action]}`, {
    hint: 'compose artifact --help shows the usage',
    details: { expected: EXPECTED[action], got: words.args.slice(1) },
  });
}

async function run(invocation: Invocation): Promise<Result> {
  const { words, app } = invocation;
  const { options } = words;
  const action = choice(ACTIONS, words.args.slice(0, 1), 'compose artifact');
  const [first, ...files] = argumentsOf(invocation, action);
  const value = (name: string): string => {
    const texts = options.get(name);
    return texts === undefined ? '' : word(texts, `--${name}`);
  };
  const access = accessFromWords(words);
  const keepOldFiles = options.has('keep-old-files');
  const render = () => import('../render/artifact.ts');
  const quiet = options.has('quiet');
  if (action === 'push') {
    const data = await app.artifactPush({
      reference: first,
      files,
      artifactType: value('artifact-type'),
      annotations: pairs(options.get('annotation') ?? [], '--annotation'),
      subject: value('subject'),
      access,
    });
    return { kind: 'answer', data, text: async () => (await render()).renderArtifactPush(data, { quiet }) };
  }
  const output = value('output');
  const platform = platformFromWords(words);
  if (action === 'fetch') {
    const data = await app.artifactFetch({ location: first, output, platform, keepOldFiles, access });
    return { kind: 'answer', data, text: async () => (await render()).renderArtifactFetch(data, { quiet }) };
  }
  const data = await app.artifactPull({
    reference: first,
    titles: textWords(options.get('title') ?? [], '--title'),
    output: output || '.',
    platform,
    unpack: !options.has('no-unpack'),
    keepOldFiles,
    access,
  });
  return { kind: 'answer', data, text: async () => (await render()).renderArtifactPull(data, { quiet }) };
}

export const command: CommandModule = {
  arguments: {
    describe:
      'push REF FILE[:MEDIATYPE]…: files and folders as one artifact; pull REF: all its files; fetch oras://REF/FILE or REF@DIGEST: one',
    choices: ACTIONS,
  },
  options: [
    'output',
    ...Object.keys(OWN_OPTIONS).filter((name) => name !== 'output'),
    ...REGISTRY_OPTIONS,
    ...GENERAL_OPTIONS,
  ],
  examples: [
    ['compose artifact push registry.example/dist/hello:2.12 hello-2.12.tar.gz', 'as oras push does'],
    ['compose artifact pull registry.example/dist/hello:2.12 -o files', 'as oras pull does'],
    [
      'compose artifact fetch oras://registry.example/dist/hello:2.12/hello-2.12.tar.gz -o hello.tar.gz',
      'one file, resumed after an interruption, verified, and saved completely or not at all',
    ],
  ],
  run,
};
