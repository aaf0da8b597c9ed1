import { toggle } from '../args/option.ts';
import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'diff',
  argument: 'A B',
  group: 'Images',
  summary: 'Compare two images: packages, layers, files, config',
  arguments: {
    describe:
      'A, B: images, each a tar (out.tar, docker save), an OCI layout folder, FOLDER#NAME or one in a registry',
    complete: 'file',
  },
  options: {
    files: toggle({ group: 'Query', describe: 'List the files that differ' }),
    ...PLATFORM_OPTION,
    ...REGISTRY_OPTIONS,
  },
  examples: [
    [
      'compose diff old.tar new.tar',
      'the changed packages, the number of changed files, and the bytes to download',
    ],
    ['compose diff out#app:1 out#app:2 --files --verbose', 'every file and layer that differs'],
  ],
  async run({ options, args: [a, b], app }) {
    const data = await app.diff({ a, b, platform: options.platform, access: registryAccess(options) });
    const details = { files: options.files, layers: options.verbose };
    const text = async () => (await import('../render/diff.ts')).renderDiff(data, details);
    return { kind: 'answer', data, quietText: '', text, exitCode: data.equal ? EXIT_OK : EXIT_NO };
  },
});
