import type { ArchiveFacts } from '../../model/archive.ts';
import type { IndexPackage } from '../../model/package.ts';
import { infoList, infoNumber, infoValue } from '../shared/pkginfo.ts';

/** What `apk index` would write for the archive. */
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
    buildTime: infoNumber(info, 'builddate'),
    commit: infoValue(info, 'commit'),
    sizeBytes: facts.sizeBytes,
    installedSizeBytes: infoNumber(info, 'size'),
    fileName,
    checksum: facts.identity,
    depends: words(info, 'depend'),
    provides: words(info, 'provides'),
    replaces: words(info, 'replaces'),
    conflicts: [],
    installIf: words(info, 'install_if'),
    groups: [],
    providerPriority: infoNumber(info, 'provider_priority'),
    replacesPriority: infoNumber(info, 'replaces_priority'),
    signature: '',
    extra: {},
  };
}

/** abuild writes one relation a line, except for install_if: all on one. */
function words(info: ArchiveFacts['info'], key: string): readonly string[] {
  return infoList(info, key).flatMap((value) => value.split(/\s+/).filter((word) => word !== ''));
}
