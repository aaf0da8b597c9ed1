import { PLATFORM_OPTION } from '../args/platform-option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'cp',
  argument: 'FROM TO',
  group: 'Images',
  summary: 'Copy images between registries, tars and OCI layouts',
  arguments: {
    describe:
      'FROM: a tar, an OCI layout folder, FOLDER#NAME or registry.example/team/app:1; TO: the same: out.tar, ./folder, a reference, or - for a tar on standard output',
    complete: 'file',
  },
  options: { ...PLATFORM_OPTION, ...REGISTRY_OPTIONS },
  examples: [
    [
      'compose cp registry.example/team/app:1 registry.example/prod/app:1',
      'within a registry: mount the layers, send nothing',
    ],
    ['compose cp alpine:3.19 localhost:5000/alpine:3.19 --platform arm64', 'one of several platforms'],
    ['compose cp out.tar ./layout', 'the tar as an OCI layout folder'],
  ],
  async run({ options, args: [image, to], app }) {
    const [{ isPath }, { STDOUT }] = await Promise.all([
      import('../../app/images/image-argument.ts'),
      import('../../output/output-target.ts'),
    ]);
    const from = { image, platform: options.platform, access: registryAccess(options) };
    const { quiet } = options;
    if (to === STDOUT || isPath(to)) {
      const format = to === STDOUT || to.endsWith('.tar') ? 'tar' : 'oci-dir';
      const data = await app.pull({ ...from, output: { path: to, format } });
      const text = async () => (await import('../render/registry.ts')).renderPull(data, { quiet });
      return { kind: 'answer', data, text };
    }
    const data = await app.push({ ...from, to });
    const text = async () => (await import('../render/registry.ts')).renderPush(data.pushed, { quiet });
    return { kind: 'answer', data, text };
  },
});
