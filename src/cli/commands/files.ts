import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: { describe: 'PKG: git, main/git, "git>2.40"', complete: 'package' },
  options: ['long', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose files git', 'one path per line, directories with a trailing slash'],
    ['compose files busybox -l', 'with type, mode, size and link target'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'files', what: 'package names', atMost: Number.POSITIVE_INFINITY });
    const long = words.options.has('long');
    const data = await app.files({
      source: sourceOptions(settingsFromWords(words)),
      packages: packages(words.args, 'package'),
      details: long || words.options.has('json'),
    });
    const text = async () => (await import('../render/packages.ts')).renderFiles(data, { long });
    return { kind: 'answer', data, text };
  },
};
