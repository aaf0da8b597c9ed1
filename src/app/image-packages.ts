import { isAppError } from '../model/app-error.ts';
import type { DistroId } from '../model/package.ts';
import { list, parseObject } from '../output/image-json.ts';

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

/** apk-tools, `lib/apk/db/installed`: fields of a letter, packages parted by an empty line. */
function packagesOfApkDatabase(text: string): readonly NamedPackage[] {
  return text.split('\n\n').flatMap((block) => {
    const field = (letter: string) => new RegExp(`^${letter}:(.*)$`, 'm').exec(block)?.[1] ?? '';
    const name = field('P');
    return name === ''
      ? []
      : [{ distro: 'alpine' as const, name, version: field('V'), architecture: field('A') }];
  });
}

function packagesOfManifest(content: Buffer): readonly NamedPackage[] {
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
