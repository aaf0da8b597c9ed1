import { integer } from '../../app/settings/setting-values.ts';
import { toggle, valued } from '../args/option.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';
import { nameLines } from '../print.ts';

const DEFAULT_LIMIT = 50;

export const command = defineCommand({
  name: 'search',
  argument: 'WORD…',
  group: 'Packages',
  summary: 'Search names, descriptions and what packages provide',
  arguments: {
    describe:
      "WORD: part of a name, a command, a library, a word of the description, or a glob such as 'py3-*'",
    complete: 'package',
  },
  options: {
    regex: toggle({ group: 'Query', describe: 'Treat the words as regular expressions (JavaScript)' }),
    limit: valued(
      {
        placeholder: 'N',
        group: 'Query',
        describe: 'Maximum number of packages; 0 for all',
        defaultText: String(DEFAULT_LIMIT),
      },
      (texts, where) => integer({ from: 0, to: 1_000_000 }, texts, where),
      DEFAULT_LIMIT,
    ),
    ...SOURCE_OPTIONS,
  },
  examples: [
    ['compose search http server', 'packages that match both words'],
    ["compose search 'py3-*' --limit 0", 'every name or provided name that matches'],
    ['compose search so:libz.so.1', 'packages that provide a library'],
    ["compose search --regex '^lib.*-dev$' --distro arch", 'a regular expression'],
  ],
  async run({ settings, options, args, app }) {
    const { limit } = options;
    const data = await app.search({
      source: sourceFrom({ settings, options }),
      words: args,
      regex: options.regex,
      limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    });
    const text = async () => (await import('../render/packages.ts')).renderSearch(data);
    const quietText = nameLines(data.packages.map(({ name }) => name));
    return { kind: 'answer', data, text, quietText, exitCode: data.total === 0 ? EXIT_NO : EXIT_OK };
  },
});
