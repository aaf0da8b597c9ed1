import { parseJson } from '../../model/json.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords, namedArguments } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'IMAGE: a tar, an OCI layout folder, FOLDER#NAME, or registry.example/team/app:1',
    complete: 'file',
  },
  options: ['raw', 'referrers', 'platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose inspect registry.example/team/app:1', 'configuration, layers, the packages in them, sizes'],
    ['compose inspect out.tar', 'the same of a file'],
    ['compose inspect alpine:3.19 --platform arm64 --json', 'one image of an index, with its configuration'],
    ['compose inspect registry.example/team/app:1 --raw | sha256sum', 'the manifest as it is'],
  ],
  async run({ words, app }) {
    const { IMAGE } = namedArguments(words, 'inspect', ['IMAGE']);
    const request = {
      image: IMAGE,
      platform: platformFromWords(words),
      access: accessFromWords(words),
    };
    if (words.options.has('raw')) {
      const text = await app.inspectRaw(request);
      return { kind: 'text', data: parseJson(text, request.image), text };
    }
    const data = await app.inspect({ ...request, referrers: words.options.has('referrers') });
    const verbose = words.options.has('verbose');
    const text = async () => (await import('../render/inspect.ts')).renderInspect(data, { verbose });
    return { kind: 'answer', data, quietText: `${data.digest}\n`, text };
  },
};
