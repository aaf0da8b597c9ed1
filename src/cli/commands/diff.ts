import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';

export const command: CommandModule = {
  arguments: {
    describe:
      'A, B: images, each a tar (out.tar, docker save), an OCI layout folder, FOLDER#NAME or one in a registry',
    complete: 'file',
  },
  options: ['files', 'platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose diff old.tar new.tar', 'packages that changed, files counted, bytes to fetch'],
    ['compose diff out#app:1 out#app:2 --files --verbose', 'every file and layer that differs'],
  ],
  async run({ words, app }) {
    const [a, b] = words.args;
    if (a === undefined || b === undefined || words.args.length > 2) {
      const got = words.args.length === 0 ? 'none' : JSON.stringify(words.args.join(' '));
      throw new AppError('USAGE', `compose diff: expected two images, got ${got}`, {
        hint: 'compose diff --help shows the usage',
        details: { expected: 'two images', got: words.args },
      });
    }
    const data = await app.diff({ a, b, platform: platformFromWords(words), access: accessFromWords(words) });
    const options = { files: words.options.has('files'), layers: words.options.has('verbose') };
    const text = async () => (await import('../render/diff.ts')).renderDiff(data, options);
    return { kind: 'answer', data, quietText: '', text, exitCode: data.equal ? EXIT_OK : EXIT_NO };
  },
};
