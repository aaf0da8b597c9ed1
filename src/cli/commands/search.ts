import { integer } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';
import { nameLines } from '../print.ts';

const DEFAULT_LIMIT = '50';

export const command: CommandModule = {
  arguments: {
    describe:
      "WORD: part of a name, a command, a library, a word of the description, or a glob such as 'py3-*'",
    complete: 'package',
  },
  options: ['regex', 'limit', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose search http server', 'packages that match both words'],
    ["compose search 'py3-*' --limit 0", 'every name or provided name that matches'],
    ['compose search so:libz.so.1', 'packages that provide a library'],
    ["compose search --regex '^lib.*-dev$' --distro arch", 'a regular expression'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'search', what: 'words', atMost: Number.POSITIVE_INFINITY });
    const texts = words.options.get('limit') ?? [DEFAULT_LIMIT];
    const limit = integer({ from: 0, to: 1_000_000 }, texts, '--limit');
    const data = await app.search({
      source: sourceOptions(settingsFromWords(words)),
      words: words.args,
      regex: words.options.has('regex'),
      limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    });
    const text = async () => (await import('../render/packages.ts')).renderSearch(data);
    const quietText = nameLines(data.packages.map(({ name }) => name));
    return { kind: 'answer', data, text, quietText, exitCode: data.total === 0 ? EXIT_NO : EXIT_OK };
  },
};
