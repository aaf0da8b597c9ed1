import type { IndexPackage } from '../../model/package.ts';

/** pacman's optdepends: `relation` and, behind `: `, what it is for. */
export interface OptionalDepend {
  readonly relation: string;
  readonly purpose: string;
}

export function optionalDepends({ extra }: Pick<IndexPackage, 'extra'>): readonly OptionalDepend[] {
  return (extra.OPTDEPENDS ?? []).map((text) => {
    const colon = text.indexOf(':');
    return colon < 0
      ? { relation: text.trim(), purpose: '' }
      : { relation: text.slice(0, colon).trim(), purpose: text.slice(colon + 1).trim() };
  });
}
