import { parseJson } from '../../model/json.ts';
import { toggle } from '../args/option.ts';
import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'inspect',
  argument: 'IMAGE',
  group: 'Images',
  summary: 'Show an image’s configuration, layers and packages',
  arguments: {
    describe: 'IMAGE: a tar, an OCI layout folder, FOLDER#NAME, or registry.example/team/app:1',
    complete: 'file',
  },
  options: {
    raw: toggle({ group: 'Query', describe: 'Print the manifest or index byte for byte' }),
    referrers: toggle({ group: 'Query', describe: 'Also list referrers: signatures, SBOMs, attestations' }),
    ...PLATFORM_OPTION,
    ...REGISTRY_OPTIONS,
  },
  examples: [
    ['compose inspect registry.example/team/app:1', 'configuration, layers, the packages in them, sizes'],
    ['compose inspect out.tar', 'the same for a file'],
    [
      'compose inspect alpine:3.19 --platform arm64 --json',
      'one image from an index, with its configuration',
    ],
    ['compose inspect registry.example/team/app:1 --raw | sha256sum', 'the digest of the manifest'],
  ],
  async run({ options, args: [image], app }) {
    const request = {
      image,
      platform: options.platform,
      access: registryAccess(options),
    };
    if (options.raw) {
      const text = await app.inspectRaw(request);
      return { kind: 'text', data: parseJson(text, request.image), text };
    }
    const data = await app.inspect({ ...request, referrers: options.referrers });
    const { verbose } = options;
    const text = async () => (await import('../render/inspect.ts')).renderInspect(data, { verbose });
    return { kind: 'answer', data, quietText: `${data.digest}\n`, text };
  },
});
