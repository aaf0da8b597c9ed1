import type { CommandModule } from '../command.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../options.ts';
import { platformFromWords } from '../platform-word.ts';
import { accessFromWords, namedArguments } from '../registry-words.ts';

export const command: CommandModule = {
  arguments: { describe: 'REF REF: from where to where: registry.example/team/app:1, or with @sha256:…' },
  options: ['platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose cp registry.example/team/app:1 registry.example/prod/app:1', 'mounts the layers; none is sent'],
    ['compose cp alpine:3.19 localhost:5000/alpine:3.19 --platform arm64', 'one platform of several'],
  ],
  async run({ words, app }) {
    const { FROM, TO } = namedArguments(words, 'cp', ['FROM', 'TO']);
    const request = { image: FROM, to: TO, platform: platformFromWords(words) };
    const data = await app.push({ ...request, access: accessFromWords(words) });
    const quiet = words.options.has('quiet');
    const text = async () => (await import('../render-registry.ts')).renderPush(data.pushed, { quiet });
    return { kind: 'answer', data, text };
  },
};
