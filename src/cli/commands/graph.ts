import { packages } from '../../app/settings/setting-values.ts';
import { toggle } from '../args/option.ts';
import { DEPTH_OPTION } from '../args/query-options.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'graph',
  argument: 'PKG…',
  group: 'Packages',
  summary: 'Print the dependency graph for Graphviz (DOT)',
  arguments: { describe: 'PKG: gcc, "git>2.40", git@edge, core/bash', complete: 'package' },
  options: {
    labels: toggle({ group: 'Query', describe: 'Label the edges with the relations' }),
    ...DEPTH_OPTION,
    ...SOURCE_OPTIONS,
  },
  examples: [
    ['compose graph git | dot -Tsvg -o git.svg', 'draw the dependencies of git'],
    ['compose graph bash coreutils --distro arch --labels', 'with the relations'],
  ],
  async run({ settings, options, args, app }) {
    const data = await app.graph({
      source: sourceFrom({ settings, options }),
      packages: packages(args, 'package'),
      depth: options.depth ?? Number.POSITIVE_INFINITY,
    });
    const { labels } = options;
    const text = async () => (await import('../render/dot.ts')).renderDot(data, { labels });
    return { kind: 'answer', data, text };
  },
});
