import { integer } from '../../src/app/settings/setting-values.ts';
import { toggle, valued } from '../../src/cli/args/option.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../../src/cli/args/source-options.ts';
import { defineCommand } from '../../src/cli/command.ts';

export const command = defineCommand({
  name: 'greet',
  argument: 'WHO [TITLE]', // usage, number of arguments and type of `args`
  group: 'Shell',
  summary: 'Greet somebody', // one line of compose help
  options: {
    loud: toggle({ short: 'l', group: 'Query', describe: 'In capitals' }),
    times: valued(
      { placeholder: 'N', group: 'Query', describe: 'How often', defaultText: '1' },
      (texts, where) => integer({ from: 1, to: 3 }, texts, where),
      1,
    ),
    ...SOURCE_OPTIONS, // shared sets are in src/cli/args/*-options.ts
  },
  examples: [['compose greet Ann --times 2', 'twice']],
  async run({ options, settings, args: [who, title = ''] }) {
    const { distro } = sourceFrom({ settings, options });
    const text = options.quiet ? '' : `hello ${title}${who}\n`.repeat(options.times);
    return { kind: 'text', data: { who, distro }, text: options.loud ? text.toUpperCase() : text };
  },
});
