import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess, STORE_OPTION } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'push',
  argument: 'IMAGE REF',
  group: 'Registries',
  summary: 'Push an image to a registry',
  arguments: {
    describe:
      'IMAGE: a tar (out.tar, docker save), an OCI layout folder or FOLDER#NAME; REF: registry.example/team/app:1',
    complete: 'file',
  },
  options: { ...STORE_OPTION, ...PLATFORM_OPTION, ...REGISTRY_OPTIONS },
  examples: [
    ['compose push out.tar registry.example/team/git:2', 'send what the registry does not have'],
    [
      'compose push out.tar localhost:5000/git --store localhost:5000/packages',
      'mount the packages from a store',
    ],
    ['compose push out#tools:latest localhost:5000/tools', 'one image from a folder, as tools:latest'],
  ],
  async run({ options, args: [image, to], app }) {
    const { platform, store, quiet } = options;
    const access = registryAccess(options);
    const data = await app.push({ image, to, platform, ...(store === undefined ? {} : { store }), access });
    const text = async () => (await import('../render/registry.ts')).renderPush(data.pushed, { quiet });
    return { kind: 'answer', data, text };
  },
});
