import { outputOf } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { platformFromWords } from '../args/platform-word.ts';
import { accessFromWords, namedArguments } from '../args/registry-words.ts';
import { settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: { describe: 'REF: registry.example/team/app:1, or with @sha256:…' },
  options: ['output', 'format', 'platform', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose pull registry.example/team/app:1 -o app.tar', 'a file for docker load'],
    ['compose pull alpine:3.19 --format oci-dir -o alpine', 'with all its platforms'],
  ],
  async run({ words, app }) {
    const { REF } = namedArguments(words, 'pull', ['REF']);
    const data = await app.pull({
      image: REF,
      platform: platformFromWords(words),
      output: outputOf(settingsFromWords(words)),
      access: accessFromWords(words),
    });
    const quiet = words.options.has('quiet');
    const text = async () => (await import('../render/registry.ts')).renderPull(data, { quiet });
    return { kind: 'answer', data, text };
  },
};
