import type { ArchiveFacts } from '../../model/archive.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { InstalledPackage } from '../install.ts';
import { infoList, infoValue } from '../shared/pkginfo.ts';

/** Single-valued fields of which apk 2.14 tells empty from absent: index letter → key in `.PKGINFO`. */
const MAYBE_EMPTY = { o: 'origin', m: 'maintainer', c: 'commit' } as const;

/** Returns the index entry of an installed package or, if no index lists it, the entry that `apk index` would write. */
export function entryOf({ index, facts }: InstalledPackage): IndexPackage {
  return index?.entry ?? describe(facts, '');
}

/** Reads a number as apk does (apk-tools `blob.c` apk_blob_pull_uint): the leading digits; 0 if there are none. */
export function infoDigits(info: ArchiveFacts['info'], key: string): number {
  const number = Number.parseInt(/^\d*/.exec(infoValue(info, key))?.[0] || '0', 10);
  return Number.isSafeInteger(number) ? number : 0;
}

/** Fields that are present but empty, in the form in which the reader of an index keeps them. */
function emptyFields(info: ArchiveFacts['info']): IndexPackage['extra'] {
  const empty = Object.entries(MAYBE_EMPTY).filter(([, key]) => key in info && infoValue(info, key) === '');
  return Object.fromEntries(empty.map(([letter]) => [letter, ['']]));
}

/** Returns the entry that `apk index` would write for the archive. */
export function describe(facts: ArchiveFacts, fileName: string): IndexPackage {
  const { info } = facts;
  return {
    name: facts.name,
    version: facts.version,
    architecture: facts.architecture,
    description: infoValue(info, 'pkgdesc'),
    url: infoValue(info, 'url'),
    license: infoValue(info, 'license'),
    origin: infoValue(info, 'origin'),
    maintainer: infoValue(info, 'maintainer'),
    buildTime: infoDigits(info, 'builddate'),
    commit: infoValue(info, 'commit'),
    sizeBytes: facts.sizeBytes,
    installedSizeBytes: infoDigits(info, 'size'),
    fileName,
    checksum: facts.identity,
    depends: words(info, 'depend'),
    provides: words(info, 'provides'),
    replaces: words(info, 'replaces'),
    conflicts: [],
    installIf: words(info, 'install_if'),
    groups: [],
    providerPriority: infoDigits(info, 'provider_priority'),
    replacesPriority: infoDigits(info, 'replaces_priority'),
    signature: '',
    extra: emptyFields(info),
  };
}

/** Splits the values of a key into words: abuild writes one relation per line, but install_if on a single line. */
function words(info: ArchiveFacts['info'], key: string): readonly string[] {
  return infoList(info, key).flatMap((value) => value.split(/\s+/).filter((word) => word !== ''));
}
