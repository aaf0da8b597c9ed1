import { FILE_LISTS_OPTION } from '../args/query-options.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'index',
  argument: '',
  group: 'Repositories and cache',
  summary: 'Fetch and verify the indexes of repositories',
  options: { ...FILE_LISTS_OPTION, ...SOURCE_OPTIONS },
  examples: [
    ['compose index --distro alpine', "main and community of Alpine's latest release"],
    ['compose index --distro arch --mirror https://mirror.example/archlinux', 'core and extra from a mirror'],
    ['compose index --distro arch --files', 'with the file lists of all packages, for compose owns'],
  ],
  async run({ settings, options, app }) {
    const source = sourceFrom({ settings, options });
    const data = await app.index({ source, files: options.files });
    const text = async () => (await import('../render/reports.ts')).renderIndex(data);
    const isStale = data.some(({ status }) => status === 'cached');
    return { kind: 'answer', data, text, quietText: '', exitCode: isStale ? EXIT_CODES.NETWORK : EXIT_OK };
  },
});
