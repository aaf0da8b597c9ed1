import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords, namedArguments, storeFromWords } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: {
    describe:
      'IMAGE: a tar (out.tar, docker save), an OCI layout folder or FOLDER#NAME; REF: registry.example/team/app:1',
    complete: 'file',
  },
  options: ['store', 'platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose push out.tar registry.example/team/git:2', 'send what the registry does not have'],
    ['compose push out.tar localhost:5000/git --store localhost:5000/packages', 'packages through a store'],
    ['compose push out#tools:latest localhost:5000/tools', 'one image of a folder, as tools:latest'],
  ],
  async run({ words, app }) {
    const { IMAGE, REF } = namedArguments(words, 'push', ['IMAGE', 'REF']);
    const request = {
      image: IMAGE,
      to: REF,
      platform: platformFromWords(words),
      ...storeFromWords(words),
    };
    const data = await app.push({ ...request, access: accessFromWords(words) });
    const quiet = words.options.has('quiet');
    const text = async () => (await import('../render/registry.ts')).renderPush(data.pushed, { quiet });
    return { kind: 'answer', data, text };
  },
};
