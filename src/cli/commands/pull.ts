import { outputOf } from '../../app/settings/settings.ts';
import { FILE_OPTIONS } from '../args/output-options.ts';
import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'pull',
  argument: 'REF',
  group: 'Registries',
  summary: 'Pull an image into a tar or an OCI layout folder',
  arguments: { describe: 'REF: registry.example/team/app:1, or with @sha256:…' },
  options: { ...FILE_OPTIONS, ...PLATFORM_OPTION, ...REGISTRY_OPTIONS },
  examples: [
    ['compose pull registry.example/team/app:1 -o app.tar', 'a file for docker load'],
    ['compose pull alpine:3.19 --format oci-dir -o alpine', 'with all its platforms'],
  ],
  async run({ settings, options, args: [image], app }) {
    const { platform, quiet } = options;
    const access = registryAccess(options);
    const data = await app.pull({ image, platform, output: outputOf(settings), access });
    const text = async () => (await import('../render/registry.ts')).renderPull(data, { quiet });
    return { kind: 'answer', data, text };
  },
});
