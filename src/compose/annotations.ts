import { familyOf } from '../distros/families.ts';
import type { DistroId } from '../model/package.ts';

/** Origin of a package, for annotations and labels. */
export interface PackageOrigin {
  readonly distro: DistroId;
  /** Empty if the repositories belong to several releases, or to none */
  readonly release: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** Keys of our own annotations; the others are OCI's predefined ones. */
export const ANNOTATIONS = {
  purl: 'dev.pkgcompose.purl',
  name: 'dev.pkgcompose.package',
  version: 'org.opencontainers.image.version',
  distro: 'dev.pkgcompose.distro',
  derived: 'dev.pkgcompose.derived',
  kind: 'dev.pkgcompose.layer',
} as const;

/** Returns the package URL (purl-spec) of an archive. */
export function packageUrl(origin: PackageOrigin): string {
  const { purlType } = familyOf(origin.distro);
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');
  const release = origin.release === '' ? '' : `&distro=${encode(`${origin.distro}-${origin.release}`)}`;
  const qualifiers = `arch=${encode(origin.architecture)}${release}`;
  return `pkg:${purlType}/${origin.distro}/${encode(origin.name.toLowerCase())}@${encode(origin.version)}?${qualifiers}`;
}

/** Returns the annotations of a layer that holds one package's archive. */
export function packageAnnotations(origin: PackageOrigin): Record<string, string> {
  return {
    [ANNOTATIONS.purl]: packageUrl(origin),
    [ANNOTATIONS.name]: origin.name,
    [ANNOTATIONS.version]: origin.version,
    [ANNOTATIONS.distro]: `${origin.distro} ${origin.release}`,
  };
}
