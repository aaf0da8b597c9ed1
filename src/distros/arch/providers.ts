import type { PackageSource } from '../../model/package.ts';
import type { Candidate, Providing } from '../resolver.ts';
import { SyncDatabases } from './databases.ts';
import { parseRelation, RelationCache, satisfiesByName } from './relation.ts';

/** By what a package meets the relation: its name or a provide as written; undefined: not at all. */
export function satisfies(relation: string, provider: Providing): string | undefined {
  const wanted = parseRelation(relation);
  if (satisfiesByName(provider, wanted)) return provider.name;
  const relations = new RelationCache();
  return provider.provides.find((provide) => relations.satisfiesByProvision([provide], wanted));
}

/** The packages that meet the relation, in the order in which pacman --noconfirm would choose among them. */
export function providersOf(relation: string, source: PackageSource): readonly Candidate[] {
  return new SyncDatabases(source, new RelationCache()).candidates(parseRelation(relation)).map((entry) => {
    const by = satisfies(relation, entry) as string;
    const version = by === entry.name ? entry.version : parseRelation(by).version;
    return { package: entry, by, version, unasked: true };
  });
}
