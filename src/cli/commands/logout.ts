import { defineCommand } from '../command.ts';
import { printableLine } from '../render/format.ts';

export const command = defineCommand({
  name: 'logout',
  argument: 'REG',
  group: 'Registries',
  summary: 'Log out of a registry',
  arguments: { describe: 'REG: localhost:5000, registry.example, docker.io' },
  options: {},
  examples: [
    [
      'compose logout registry.example',
      'remove the login from every file and keychain that docker and podman read',
    ],
  ],
  async run({ options, args: [registry], app }) {
    const data = await app.logout({ registry });
    const done = data.removed ? 'logged out of' : 'not logged in to';
    const text = async () => (options.quiet ? '' : `${done} ${printableLine(data.registry)}\n`);
    return { kind: 'answer', data, text };
  },
});
