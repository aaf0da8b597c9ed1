import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { sourceFrom, TRUST_OPTIONS } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'verify',
  argument: 'IMAGE',
  group: 'Images',
  summary: 'Check an image against its distribution’s signatures',
  arguments: {
    describe:
      'IMAGE: a tar (out.tar, docker save), an OCI layout folder, one of several (FOLDER#NAME), or one in a registry',
    complete: 'file',
  },
  options: { ...PLATFORM_OPTION, ...TRUST_OPTIONS, ...REGISTRY_OPTIONS },
  examples: [
    ['compose verify out.tar', "check that all bytes are the distribution's, and list those that are not"],
    [
      'compose verify out#tools:latest --verbose',
      'one image of a folder, with every entry of its install layer',
    ],
    ['compose verify out.tar --keyring-append ./keys', 'trust your own keys too'],
  ],
  async run({ settings, options, args: [image], app }) {
    const data = await app.verify({
      image,
      platform: options.platform,
      access: registryAccess(options),
      trust: sourceFrom({ settings, options }),
    });
    const { verbose } = options;
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
});
