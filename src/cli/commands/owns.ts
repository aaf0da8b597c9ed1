import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';

export const command: CommandModule = {
  arguments: {
    describe:
      "PATH: /usr/bin/git, usr/lib/ (a directory), git (any folder), 'usr/lib/*.so' (* matches slashes too)",
    complete: 'file',
  },
  options: [...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose owns /usr/bin/git', 'which package ships the file'],
    ["compose owns 'libssl*' --distro arch", 'by the name alone, with a glob'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'owns', what: 'paths', atMost: Number.POSITIVE_INFINITY });
    const data = await app.owns({ source: sourceOptions(settingsFromWords(words)), paths: words.args });
    const text = async () => (await import('../render/packages.ts')).renderOwns(data);
    return { kind: 'answer', data, text, exitCode: data.missing.length === 0 ? EXIT_OK : EXIT_NO };
  },
};
