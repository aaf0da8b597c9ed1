import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { EXIT_NO, EXIT_OK } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'owns',
  argument: 'PATH…',
  group: 'Packages',
  summary: 'Find the packages that ship a path',
  arguments: {
    describe:
      "PATH: /usr/bin/git, usr/lib/ (a directory), git (any folder), 'usr/lib/*.so' (* matches slashes too)",
    complete: 'file',
  },
  options: SOURCE_OPTIONS,
  examples: [
    ['compose owns /usr/bin/git', 'which package ships the file'],
    ["compose owns 'libssl*' --distro arch", 'by file name, with a glob'],
  ],
  async run({ settings, options, args, app }) {
    const data = await app.owns({ source: sourceFrom({ settings, options }), paths: args });
    const text = async () => (await import('../render/packages.ts')).renderOwns(data);
    return { kind: 'answer', data, text, exitCode: data.missing.length === 0 ? EXIT_OK : EXIT_NO };
  },
});
