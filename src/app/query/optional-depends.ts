import type { Distro } from '../../distros/distro.ts';
import type { IndexPackage } from '../../model/package.ts';

/** A dependency that is only installed on request, and its purpose. */
export interface OptionalDepend {
  readonly relation: string;
  readonly purpose: string;
}

/** Parses a package's optional dependencies, which are written `relation: purpose` or `relation`. */
export function optionalDepends(
  { resolver }: Distro,
  { extra }: Pick<IndexPackage, 'extra'>,
): readonly OptionalDepend[] {
  return (extra[resolver.relations.optionalField ?? ''] ?? []).map((text) => {
    const colon = text.indexOf(':');
    return colon < 0
      ? { relation: text.trim(), purpose: '' }
      : { relation: text.slice(0, colon).trim(), purpose: text.slice(colon + 1).trim() };
  });
}
