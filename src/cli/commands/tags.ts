import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { accessFromWords, namedArguments } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';
import { printableLine } from '../render/format.ts';

export const command: CommandModule = {
  arguments: { describe: 'REG/NAME: registry.example/team/app' },
  options: [...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [['compose tags registry.example/team/app', 'one tag per line']],
  async run({ words, app }) {
    const { 'REG/NAME': repository } = namedArguments(words, 'tags', ['REG/NAME']);
    const data = await app.tags({ repository, access: accessFromWords(words) });
    const text = async () => data.tags.map((tag) => `${printableLine(tag)}\n`).join('');
    return { kind: 'answer', data, text };
  },
};
