import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';
import { printableLine } from '../render/format.ts';

export const command = defineCommand({
  name: 'rm',
  argument: 'REF',
  group: 'Registries',
  summary: 'Remove a tag or a manifest from a registry',
  arguments: {
    describe: 'REF: a tag, registry.example/team/app:1; or with @sha256:…, the manifest and all its tags',
  },
  options: REGISTRY_OPTIONS,
  examples: [
    ['compose rm registry.example/team/app:1', 'the tag, and its manifest unless another tag refers to it'],
  ],
  async run({ options, args: [reference], app }) {
    const data = await app.remove({ reference, access: registryAccess(options) });
    const what = data.digest === null ? 'the tag; its manifest stays' : `the manifest ${data.digest}`;
    const text = async () => (options.quiet ? '' : `removed ${printableLine(data.reference)}: ${what}\n`);
    return { kind: 'answer', data, text };
  },
});
