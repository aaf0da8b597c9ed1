import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { accessFromWords, namedArguments } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';
import { printable } from '../render/format.ts';

export const command: CommandModule = {
  arguments: {
    describe: 'REF: a tag, registry.example/team/app:1; or with @sha256:…, the manifest and all its tags',
  },
  options: [...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose rm registry.example/team/app:1', 'the tag, and its manifest unless another tag refers to it'],
  ],
  async run({ words, app }) {
    const { REF } = namedArguments(words, 'rm', ['REF']);
    const data = await app.remove({ reference: REF, access: accessFromWords(words) });
    const what = data.digest === null ? 'the tag; its manifest stays' : `the manifest ${data.digest}`;
    const text = async () =>
      words.options.has('quiet') ? '' : `removed ${printable(data.reference)}: ${what}\n`;
    return { kind: 'answer', data, text };
  },
};
