import { isAppError } from '../../model/app-error.ts';
import type { DistroId } from '../../model/package.ts';
import { list, parseObject } from '../../output/image-json.ts';

/** A package that an image says it holds. Nothing here is trusted: names only say what to compare with. */
export interface NamedPackage {
  readonly distro: DistroId;
  readonly name: string;
  readonly version: string;
  /** The distribution's word; empty: not said */
  readonly architecture: string;
}

/** Below any folder: the packages may be laid below a prefix. */
const APK_DATABASE = /^(?:.*\/)?(?:usr\/)?lib\/apk\/db\/installed$/;
const PACMAN_ENTRY = /^(?:.*\/)?var\/lib\/pacman\/local\/([^/]+)-([^/-]+-[^/-]+)\/desc$/;
const MANIFEST = /^(?:.*\/)?\.pkg\/manifest\.json$/;
const PURL = /^pkg:(?:apk\/alpine|alpm\/arch)\/([^@?/]+)@([^@?/]+)(?:\?([^#]*))?$/;

/** The largest distributions have below 20,000 packages in a release's repository. */
const MAX_NAMED = 100_000;
/** Ours is below 1 KiB a package. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/** Root member of every package of both families. */
export const PKGINFO = '.PKGINFO';

/** Files of a layer whose contents say which packages there are. */
export function isPackageList(path: string): boolean {
  return path === PKGINFO || APK_DATABASE.test(path) || PACMAN_ENTRY.test(path) || MANIFEST.test(path);
}

/** Those of a `purl` annotation, several with blanks between; what is no package URL of ours is passed over. */
export function packagesOfPurls(text: string): readonly NamedPackage[] {
  return text.split(' ').flatMap((word) => {
    const [, name, version, qualifiers = ''] = PURL.exec(word) ?? [];
    if (name === undefined || version === undefined) return [];
    const architecture = new URLSearchParams(qualifiers).get('arch') ?? '';
    const distro = word.startsWith('pkg:apk/') ? 'alpine' : 'arch';
    return [{ distro, name: decoded(name), version: decoded(version), architecture }];
  });
}

/** Those of the package manager's database and of `/.pkg/manifest.json`, each once. */
export function packagesOfLists(lists: ReadonlyMap<string, Buffer>): readonly NamedPackage[] {
  const found = new Map<string, NamedPackage>();
  for (const [path, content] of lists) {
    for (const named of packagesOfList(path, content)) found.set(`${named.name} ${named.version}`, named);
  }
  return [...found.values()];
}

function packagesOfList(path: string, content: Buffer): readonly NamedPackage[] {
  if (APK_DATABASE.test(path)) return packagesOfApkDatabase(content.toString());
  if (MANIFEST.test(path)) return packagesOfManifest(content);
  const [, name, version] = PACMAN_ENTRY.exec(path) ?? [];
  if (name === undefined || version === undefined) return [];
  return [{ distro: 'arch', name, version, architecture: '' }];
}

/** apk-tools, `lib/apk/db/installed`: fields of a letter a line; of a package `P` comes before `V` and `A`. */
function packagesOfApkDatabase(text: string): readonly NamedPackage[] {
  const found: { distro: 'alpine'; name: string; version: string; architecture: string }[] = [];
  for (const [, letter, value = ''] of text.matchAll(/^([PVA]):(.*)$/gm)) {
    const last = found.at(-1);
    if (letter === 'P') {
      if (found.length === MAX_NAMED) break;
      found.push({ distro: 'alpine', name: value, version: '', architecture: '' });
    } else if (last !== undefined) last[letter === 'V' ? 'version' : 'architecture'] = value;
  }
  return found;
}

function packagesOfManifest(content: Buffer): readonly NamedPackage[] {
  if (content.length > MAX_MANIFEST_BYTES) return [];
  try {
    const { distro, packages } = parseObject(content, 'manifest.json');
    if (distro !== 'alpine' && distro !== 'arch') return [];
    return list(packages ?? [], 'packages').flatMap((item) => {
      const { name, version, architecture = '' } = (item ?? {}) as Record<string, unknown>;
      if (typeof name !== 'string' || typeof version !== 'string' || typeof architecture !== 'string')
        return [];
      return [{ distro, name, version, architecture }];
    });
  } catch (error) {
    if (isAppError(error, 'BAD_ARCHIVE')) return [];
    throw error;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
