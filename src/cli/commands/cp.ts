import { isPath } from '../../app/images/image-argument.ts';
import { STDOUT } from '../../output/output-target.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords, namedArguments } from '../args/registry-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: {
    describe:
      'FROM: a tar, an OCI layout folder, FOLDER#NAME or registry.example/team/app:1; TO: the same: out.tar, ./folder, a reference, or - for a tar on standard output',
    complete: 'file',
  },
  options: ['platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose cp registry.example/team/app:1 registry.example/prod/app:1', 'mounts the layers; none is sent'],
    ['compose cp alpine:3.19 localhost:5000/alpine:3.19 --platform arm64', 'one platform of several'],
    ['compose cp out.tar ./layout', 'the tar as an OCI layout folder'],
  ],
  async run({ words, app }) {
    const { FROM, TO } = namedArguments(words, 'cp', ['FROM', 'TO']);
    const from = { image: FROM, platform: platformFromWords(words), access: accessFromWords(words) };
    const quiet = words.options.has('quiet');
    if (TO === STDOUT || isPath(TO)) {
      const format = TO === STDOUT || TO.endsWith('.tar') ? 'tar' : 'oci-dir';
      const data = await app.pull({ ...from, output: { path: TO, format } });
      const text = async () => (await import('../render/registry.ts')).renderPull(data, { quiet });
      return { kind: 'answer', data, text };
    }
    const data = await app.push({ ...from, to: TO });
    const text = async () => (await import('../render/registry.ts')).renderPush(data.pushed, { quiet });
    return { kind: 'answer', data, text };
  },
};
