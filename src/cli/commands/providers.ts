import { packages } from '../../app/settings/setting-values.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'providers',
  argument: 'NAME',
  group: 'Packages',
  summary: 'Show which packages provide a library or command',
  arguments: { describe: "NAME: so:libssl.so.3, cmd:git, java-runtime, 'so:libssl*'", complete: 'package' },
  options: SOURCE_OPTIONS,
  examples: [
    [
      'compose providers cmd:sh',
      'its providers, the preferred one first, and the one that would be installed',
    ],
    ["compose providers 'so:libssl*'", 'for every name that matches'],
    ['compose providers java-runtime --distro arch', 'for a virtual package'],
  ],
  async run({ settings, options, args, app }) {
    const [name = ''] = packages(args, 'name');
    const data = await app.providers({ source: sourceFrom({ settings, options }), name });
    const text = async () => (await import('../render/relations.ts')).renderProviders(data);
    return { kind: 'answer', data, text };
  },
});
