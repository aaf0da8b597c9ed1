import type { PackageSource } from '../../model/package.ts';
import type { Candidate, Providing } from '../resolver.ts';
import { SyncDatabases } from './databases.ts';
import { parseRelation, RelationCache, satisfiesByName } from './relation.ts';

/** Returns the name or the provide, as written, by which a package meets a relation; undefined if it does not. */
export function satisfies(relation: string, provider: Providing): string | undefined {
  const wanted = parseRelation(relation);
  if (satisfiesByName(provider, wanted)) return provider.name;
  const relations = new RelationCache();
  return provider.provides.find((provide) => relations.satisfiesByProvision([provide], wanted));
}

/** Returns the packages that meet a relation, in the order in which `pacman --noconfirm` would choose among them. */
export function providersOf(relation: string, source: PackageSource): readonly Candidate[] {
  return new SyncDatabases(source, new RelationCache()).candidates(parseRelation(relation)).map((entry) => {
    const by = satisfies(relation, entry) as string;
    const version = by === entry.name ? entry.version : parseRelation(by).version;
    return { package: entry, by, version, unasked: true };
  });
}
