import { GENERAL_OPTIONS } from '../args/options.ts';
import { namedArguments } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';
import { printable } from '../render/format.ts';

export const command: CommandModule = {
  arguments: { describe: 'REG: localhost:5000, registry.example, docker.io' },
  options: [...GENERAL_OPTIONS],
  examples: [
    ['compose logout registry.example', 'also from every file and keychain that docker and podman read'],
  ],
  async run({ words, app }) {
    const { REG } = namedArguments(words, 'logout', ['REG']);
    const data = await app.logout({ registry: REG });
    const said = data.removed ? 'logged out of' : 'not logged in to';
    const text = async () => (words.options.has('quiet') ? '' : `${said} ${printable(data.registry)}\n`);
    return { kind: 'answer', data, text };
  },
};
