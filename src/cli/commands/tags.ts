import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';
import { printableLine } from '../render/format.ts';

export const command = defineCommand({
  name: 'tags',
  argument: 'REG/NAME',
  group: 'Registries',
  summary: 'List the tags of a repository',
  arguments: { describe: 'REG/NAME: registry.example/team/app' },
  options: REGISTRY_OPTIONS,
  examples: [['compose tags registry.example/team/app', 'one tag per line']],
  async run({ options, args: [repository], app }) {
    const data = await app.tags({ repository, access: registryAccess(options) });
    const text = async () => data.tags.map((tag) => `${printableLine(tag)}\n`).join('');
    return { kind: 'answer', data, text };
  },
});
