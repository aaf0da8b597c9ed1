import { sourceOptions } from '../../app/settings/settings.ts';
import type { DistroId } from '../../model/package.ts';
import { GENERAL_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

/** The family that file names tell; undefined for folders and mixed lists. */
function distroOf(inputs: readonly string[]): DistroId | undefined {
  if (inputs.every((input) => /\.apk$/.test(input))) return 'alpine';
  if (inputs.every((input) => /\.pkg\.tar(\.\w+)?$/.test(input))) return 'arch';
  return undefined;
}

export const command: CommandModule = {
  arguments: { describe: 'FILE, DIR or URL: an archive, or a folder of archives', complete: 'file' },
  options: [...SOURCE_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose ingest ./packages --distro alpine', 'every archive of a folder'],
    ['compose ingest bash-5.2-1-x86_64.pkg.tar.zst', 'one archive; the distribution is known from its name'],
  ],
  async run({ words, app }) {
    checkArguments(words.args, {
      command: 'ingest',
      what: 'files, folders or URLs',
      atMost: Number.POSITIVE_INFINITY,
    });
    const distro = distroOf(words.args);
    const settings = { ...(distro === undefined ? {} : { distro }), ...settingsFromWords(words) };
    return {
      kind: 'ingest',
      data: await app.ingest({ source: sourceOptions(settings), inputs: words.args }),
    };
  },
};
