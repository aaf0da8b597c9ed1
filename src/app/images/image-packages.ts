import type { Distro } from '../../distros/distro.ts';
import { allDistros, families, findFamily } from '../../distros/families.ts';
import type { ListedPackage } from '../../distros/install.ts';
import { isAppError } from '../../model/app-error.ts';
import type { DistroId } from '../../model/package.ts';
import { IMAGE_READERS, parseObject } from '../../output/image-json.ts';

const { list } = IMAGE_READERS;

/** A package that an image says it contains. This is not trusted: it only selects what to compare with. */
export interface NamedPackage extends ListedPackage {
  readonly distro: DistroId;
}

/** Meaning of an image's files to the package families, any of which it may belong to. */
export interface FamilyFiles {
  /** Tells whether a file's content lists packages; the path may be below any folder. */
  isKept(path: string): boolean;
  /** Returns the family whose archives have such files in their root; undefined if it is not an archive of any. */
  familyOf(kept: ReadonlyMap<string, Buffer>): Distro | undefined;
  /** Returns the packages of databases and of `/.pkg/manifest.json`, each once. */
  packagesOf(kept: ReadonlyMap<string, Buffer>): readonly NamedPackage[];
  /** Tells whether a root member of an archive is a signature, which no signature covers. */
  isSignature(path: string): boolean;
  /** Tells whether the path is state of a package manager, relative to the prefix, if there is one. */
  isState(path: string): boolean;
}

const MANIFEST = /^(?:.*\/)?\.pkg\/manifest\.json$/;
const PURL = /^pkg:([a-z]+)\/([a-z0-9]+)\/([^@?/]+)@([^@?/]+)(?:\?([^#]*))?$/;

/** The largest distributions have fewer than 20,000 packages in a release's repository. */
const MAX_NAMED = 100_000;
/** Our manifests have less than 1 KiB per package. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/** Loads every family. */
export async function familyFiles(): Promise<FamilyFiles> {
  const distros = await allDistros();
  const membersOf = ({ archives }: Distro): string => archives.metadata.member;
  return {
    isKept: (path) =>
      MANIFEST.test(path) ||
      distros.some((distro) => membersOf(distro) === path || distro.install.database.isList(path)),
    familyOf: (kept) =>
      distros.find((distro) => {
        const content = kept.get(membersOf(distro));
        return content !== undefined && distro.archives.metadata.isOwn(content);
      }),
    packagesOf(kept) {
      const found = new Map<string, NamedPackage>();
      for (const [path, content] of kept) {
        const owner = distros.find(({ install }) => install.database.isList(path));
        const named = owner === undefined ? manifestPackages(path, content) : listed(owner, path, content);
        for (const entry of named) found.set(`${entry.name} ${entry.version}`, entry);
      }
      return [...found.values()];
    },
    isSignature: (path) => distros.some(({ archives }) => archives.metadata.isSignature?.(path) === true),
    isState: (path) => distros.some(({ install }) => install.database.isState(path)),
  };
}

/** Parses the packages of a `purl` annotation, which separates several by spaces; package URLs of other families are left out. */
export function packagesOfPurls(text: string): readonly NamedPackage[] {
  return text.split(' ').flatMap((word) => {
    const [, type, distro, name, version, qualifiers = ''] = PURL.exec(word) ?? [];
    const family = families().find(({ id, purlType }) => id === distro && purlType === type);
    if (family === undefined || name === undefined || version === undefined) return [];
    const architecture = new URLSearchParams(qualifiers).get('arch') ?? '';
    return [{ distro: family.id, name: decoded(name), version: decoded(version), architecture }];
  });
}

function listed({ id, install }: Distro, path: string, content: Buffer): readonly NamedPackage[] {
  return install.database.read(path, content, MAX_NAMED).map((entry) => ({ distro: id, ...entry }));
}

function manifestPackages(path: string, content: Buffer): readonly NamedPackage[] {
  if (!MANIFEST.test(path) || content.length > MAX_MANIFEST_BYTES) return [];
  try {
    const { distro, packages } = parseObject(content, 'manifest.json');
    const family = typeof distro === 'string' ? findFamily(distro) : undefined;
    if (family === undefined) return [];
    return list(packages ?? [], 'packages').flatMap((item) => {
      const { name, version, architecture = '' } = (item ?? {}) as Record<string, unknown>;
      if (typeof name !== 'string' || typeof version !== 'string' || typeof architecture !== 'string')
        return [];
      return [{ distro: family.id, name, version, architecture }];
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
