import type { ArchiveFacts } from '../../model/archive.ts';
import type { IndexPackage } from '../../model/package.ts';
import { infoList, infoNumber, infoValue } from '../shared/pkginfo.ts';

/** Key of `.PKGINFO` → database field, for those that repo-add copies and IndexPackage keeps in `extra`. */
const EXTRA_FIELDS = {
  optdepend: 'OPTDEPENDS',
  makedepend: 'MAKEDEPENDS',
  checkdepend: 'CHECKDEPENDS',
} as const;

/** Returns the entry that repo-add would write for the archive. */
export function describe(facts: ArchiveFacts, fileName: string): IndexPackage {
  const { info } = facts;
  const extra: Record<string, readonly string[]> = {};
  for (const [key, field] of Object.entries(EXTRA_FIELDS)) {
    const values = infoList(info, key);
    if (values.length > 0) extra[field] = values;
  }
  return {
    name: facts.name,
    version: facts.version,
    architecture: facts.architecture,
    description: infoValue(info, 'pkgdesc'),
    url: infoValue(info, 'url'),
    license: infoList(info, 'license').join(' AND '),
    origin: infoValue(info, 'pkgbase'),
    maintainer: infoValue(info, 'packager'),
    buildTime: infoNumber(info, 'builddate'),
    commit: '',
    sizeBytes: facts.sizeBytes,
    installedSizeBytes: infoNumber(info, 'size'),
    fileName,
    checksum: facts.identity,
    depends: infoList(info, 'depend'),
    provides: infoList(info, 'provides'),
    replaces: infoList(info, 'replaces'),
    conflicts: infoList(info, 'conflict'),
    installIf: [],
    groups: infoList(info, 'group'),
    providerPriority: 0,
    replacesPriority: 0,
    signature: '',
    extra,
  };
}
