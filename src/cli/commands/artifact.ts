import { pairs, word, words } from '../../app/settings/setting-values.ts';
import { toggle, valued } from '../args/option.ts';
import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineAction, defineActions } from '../command.ts';

const SAVE_OPTIONS = {
  output: valued(
    {
      short: 'o',
      placeholder: 'PATH',
      group: 'Output',
      describe: 'File or folder to write',
      defaultText: 'the current folder',
    },
    word,
  ),
  ...PLATFORM_OPTION,
  'keep-old-files': toggle({
    group: 'Registry',
    describe: 'Never overwrite: a different file in the way is an error',
  }),
};

const push = defineAction({
  argument: 'REF FILE…',
  options: {
    'artifact-type': valued(
      {
        placeholder: 'TYPE',
        group: 'Registry',
        describe: 'Media type that says what the artifact is',
        defaultText: 'application/vnd.unknown.artifact.v1',
      },
      word,
      '',
    ),
    subject: valued(
      {
        placeholder: 'REF',
        group: 'Registry',
        describe: 'Attach the artifact to an image or artifact in the same repository; no tag is needed then',
      },
      word,
      '',
    ),
    annotation: valued(
      {
        repeatable: true,
        placeholder: 'NAME=VALUE',
        group: 'Image',
        describe: 'Add an annotation to the manifest',
      },
      pairs,
      {},
    ),
    ...REGISTRY_OPTIONS,
  },
  async run({ options, args: [reference, ...files], app }) {
    const { 'artifact-type': artifactType, subject, annotation: annotations, quiet } = options;
    const access = registryAccess(options);
    const data = await app.artifactPush({ reference, files, artifactType, annotations, subject, access });
    const text = async () => (await import('../render/artifact.ts')).renderArtifactPush(data, { quiet });
    return { kind: 'answer', data, text };
  },
});

const pull = defineAction({
  argument: 'REF',
  options: {
    ...SAVE_OPTIONS,
    title: valued(
      {
        repeatable: true,
        placeholder: 'NAME',
        group: 'Registry',
        describe: 'Save only the file with this name; --output can give it another one',
      },
      words,
      [],
    ),
    'no-unpack': toggle({ group: 'Registry', describe: 'Save folders as the archives they are stored as' }),
    ...REGISTRY_OPTIONS,
  },
  async run({ options, args: [reference], app }) {
    const { title: titles, output = '.', platform, quiet } = options;
    const data = await app.artifactPull({
      reference,
      titles,
      output,
      platform,
      unpack: !options['no-unpack'],
      keepOldFiles: options['keep-old-files'],
      access: registryAccess(options),
    });
    const text = async () => (await import('../render/artifact.ts')).renderArtifactPull(data, { quiet });
    return { kind: 'answer', data, text };
  },
});

const fetch = defineAction({
  argument: 'URL',
  options: { ...SAVE_OPTIONS, ...REGISTRY_OPTIONS },
  async run({ options, args: [location], app }) {
    const { output = '', platform, 'keep-old-files': keepOldFiles, quiet } = options;
    const access = registryAccess(options);
    const data = await app.artifactFetch({ location, output, platform, keepOldFiles, access });
    const text = async () => (await import('../render/artifact.ts')).renderArtifactFetch(data, { quiet });
    return { kind: 'answer', data, text };
  },
});

export const command = defineActions({
  name: 'artifact',
  argument: 'ACTION REF…',
  group: 'Registries',
  summary: 'Store files in a registry and fetch them (ORAS)',
  arguments: {
    describe:
      'push REF FILE[:MEDIATYPE]…: files and folders as one artifact; pull REF: all its files; fetch oras://REF/FILE or REF@DIGEST: one',
  },
  actions: { push, pull, fetch },
  examples: [
    ['compose artifact push registry.example/dist/hello:2.12 hello-2.12.tar.gz', 'as oras push does'],
    ['compose artifact pull registry.example/dist/hello:2.12 -o files', 'as oras pull does'],
    [
      'compose artifact fetch oras://registry.example/dist/hello:2.12/hello-2.12.tar.gz -o hello.tar.gz',
      'one file, resumed after an interruption, verified, and saved completely or not at all',
    ],
  ],
});
