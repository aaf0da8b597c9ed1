import { joinUrl } from '../../fetch/url.ts';
import type { DistroId, IndexPackage } from '../../model/package.ts';
import type { Tag } from '../../model/reference.ts';
import { isOciUrl } from './oci-url.ts';
import { indexedTag } from './stored-package.ts';

/** Fields of an index entry that distinguish its archive from all others. */
export type IndexedArchive = Pick<
  IndexPackage,
  'name' | 'version' | 'architecture' | 'fileName' | 'checksum' | 'sizeBytes' | 'buildTime'
>;

/** Returns the URL of an entry's archive below a repository's base; in a mirror in a registry, with the tag of its artifact. */
export function archiveUrl(base: string, distro: DistroId, entry: IndexedArchive): string {
  const url = joinUrl(base, entry.fileName);
  return isOciUrl(url) ? `${url}#${archiveTag(distro, entry)}` : url;
}

/** Returns the tag of an entry's artifact in a mirror. */
export function archiveTag(distro: DistroId, entry: IndexedArchive): Tag {
  const { name, version, architecture, checksum, sizeBytes, buildTime } = entry;
  const identity = checksum === '' ? `${sizeBytes} ${buildTime}` : checksum;
  return indexedTag({ distro, name, version, architecture }, identity);
}
