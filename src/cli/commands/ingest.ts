import { familyOfFile } from '../../distros/families.ts';
import type { DistroId } from '../../model/package.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

/** Returns the family that all file names tell; undefined for folders and mixed lists. */
function distroOf(inputs: readonly string[]): DistroId | undefined {
  const ids = new Set(inputs.map((input) => familyOfFile(input)?.id));
  return ids.size === 1 ? [...ids][0] : undefined;
}

export const command = defineCommand({
  name: 'ingest',
  argument: 'FILE|DIR|URL…',
  group: 'Repositories and cache',
  summary: 'Verify package archives and add them to the cache',
  arguments: { describe: 'FILE, DIR or URL: an archive, or a folder of archives', complete: 'file' },
  options: SOURCE_OPTIONS,
  examples: [
    ['compose ingest ./packages --distro alpine', 'every archive in a folder'],
    ['compose ingest bash-5.2-1-x86_64.pkg.tar.zst', 'one archive; the distribution is known from its name'],
  ],
  async run({ settings, options, args, app }) {
    const distro = distroOf(args);
    const known = { ...(distro === undefined ? {} : { distro }), ...settings };
    const source = sourceFrom({ settings: known, options });
    const data = await app.ingest({ source, inputs: args });
    const text = async () => (await import('../render/reports.ts')).renderIngest(data);
    return { kind: 'answer', data, text, quietText: '' };
  },
});
