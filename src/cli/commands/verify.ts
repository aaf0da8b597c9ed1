import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords } from '../args/registry-words.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.ts';

export const command: CommandModule = {
  arguments: {
    describe:
      'IMAGE: a tar (out.tar, docker save), an OCI layout folder, one of several (FOLDER#NAME), or one in a registry',
    complete: 'file',
  },
  options: [
    'platform',
    'keyring',
    'keyring-append',
    'allow-untrusted',
    'sig-level',
    ...REGISTRY_OPTIONS,
    ...GENERAL_OPTIONS,
  ],
  examples: [
    ['compose verify out.tar', "whether all bytes are the distribution's, and which are not"],
    ['compose verify out#tools:latest --verbose', 'one image of a folder; every entry of its install layer'],
    ['compose verify out.tar --keyring-append ./keys', "by your own keys and the distribution's"],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'verify', what: 'one image', atMost: 1 });
    const data = await app.verify({
      image: words.args[0]!,
      platform: platformFromWords(words),
      access: accessFromWords(words),
      trust: sourceOptions(settingsFromWords(words)),
    });
    const verbose = words.options.has('verbose');
    const text = async () => (await import('../render/verify.ts')).renderVerify(data, { verbose });
    const [first] = data.problems;
    return {
      kind: 'answer',
      data,
      quietText: '',
      text,
      exitCode: first === undefined ? EXIT_OK : EXIT_CODES[first.code],
    };
  },
};
