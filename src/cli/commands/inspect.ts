import type { CommandModule } from '../command.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../options.ts';
import { platformFromWords } from '../platform-word.ts';
import { accessFromWords, namedArguments } from '../registry-words.ts';

export const command: CommandModule = {
  arguments: { describe: 'REF: registry.example/team/app:1, or with @sha256:…' },
  options: ['raw', 'referrers', 'platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose inspect registry.example/team/app:1', 'layers, the packages in them, sizes'],
    ['compose inspect alpine:3.19 --platform arm64 --json', 'one image of an index, with its configuration'],
    ['compose inspect registry.example/team/app:1 --raw | sha256sum', 'the manifest as it is'],
  ],
  async run({ words, app }) {
    const { REF } = namedArguments(words, 'inspect', ['REF']);
    const request = {
      reference: REF,
      platform: platformFromWords(words),
      access: accessFromWords(words),
    };
    if (words.options.has('raw')) {
      const text = await app.inspectRaw(request);
      return { kind: 'text', data: JSON.parse(text), text };
    }
    const data = await app.inspect({ ...request, referrers: words.options.has('referrers') });
    const verbose = words.options.has('verbose');
    const text = async () => (await import('../render-inspect.ts')).renderInspect(data, { verbose });
    return { kind: 'answer', data, text };
  },
};
