import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: { describe: "NAME: so:libssl.so.3, cmd:git, java-runtime, 'so:libssl*'", complete: 'package' },
  options: [...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    [
      'compose providers cmd:sh',
      'its providers, the preferred one first, and the one that would be installed',
    ],
    ["compose providers 'so:libssl*'", 'of every name that matches'],
    ['compose providers java-runtime --distro arch', 'of a virtual package'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'providers', what: 'one name', atMost: 1 });
    const [name = ''] = packages(words.args, 'name');
    const data = await app.providers({ source: sourceOptions(settingsFromWords(words)), name });
    const text = async () => (await import('../render/relations.ts')).renderProviders(data);
    return { kind: 'answer', data, text };
  },
};
