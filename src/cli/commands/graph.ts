import { packages } from '../../app/settings/setting-values.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, depthFromWords, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: { describe: 'PKG: gcc, "git>2.40", git@edge, core/bash', complete: 'package' },
  options: ['labels', 'depth', ...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose graph git | dot -Tsvg -o git.svg', 'draw the dependencies of git'],
    ['compose graph bash coreutils --distro arch --labels', 'with the relations'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, { command: 'graph', what: 'package names', atMost: Number.POSITIVE_INFINITY });
    const data = await app.graph({
      source: sourceOptions(settingsFromWords(words)),
      packages: packages(words.args, 'package'),
      depth: depthFromWords(words, Number.POSITIVE_INFINITY),
    });
    const labels = words.options.has('labels');
    const text = async () => (await import('../render/dot.ts')).renderDot(data, { labels });
    return { kind: 'answer', data, text };
  },
};
