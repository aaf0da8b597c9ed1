import type { RelatedPackage } from '../../model/package.ts';
import { relationName } from '../../model/relation.ts';
import type { Dependent, DependentsReport } from '../../model/relation-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import { type FoundPackages, findPackages } from '../repositories/find-packages.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { refOf } from '../repositories/package-ref.ts';
import { optionalDepends } from './optional-depends.ts';

/** Request of `rdepends`. */
export interface DependentsRequest {
  readonly source: SourceOptions;
  /** A package, or a name that packages provide */
  readonly name: string;
  /** Levels to follow; 1: direct dependents only */
  readonly depth: number;
  /** Include pacman's optdepends */
  readonly optional: boolean;
}

/** Lists the packages that depend on a package: nearest first, then by name. @throws AppError as withLookup */
export async function dependents(context: Context, request: DependentsRequest): Promise<DependentsReport> {
  return withLookup(context, request.source, (lookup) =>
    findDependents(lookup, findPackages(lookup, request.name), request),
  );
}

/** A package whose dependents are looked for. */
interface Subject {
  readonly package: RelatedPackage;
  /** Names under which dependents count */
  readonly names: readonly string[];
}

/** Returns a package with all its names; for a name that is no package's own, all its providers under that name. */
function subjectsOf({ by, packages }: FoundPackages, name: string): readonly Subject[] {
  return by === 'name'
    ? packages.slice(0, 1).map((entry) => ({ package: entry, names: namesOf(entry) }))
    : packages.map((entry) => ({ package: entry, names: [name] }));
}

function namesOf(entry: Pick<RelatedPackage, 'name' | 'provides'>): readonly string[] {
  return [...new Set([entry.name, ...entry.provides].map(relationName))];
}

/** One relation of a package. */
interface Link {
  readonly package: RelatedPackage;
  readonly kind: Dependent['kind'];
  /** Term that has to be met */
  readonly term: string;
  /** Relation for the report; for install_if the whole rule */
  readonly relation: string;
}

/** Returns the relations of all packages by name. */
function linksByName(
  lookup: Lookup,
  { optional, isWanted }: { optional: boolean; isWanted: (name: string) => boolean },
): ReadonlyMap<string, readonly Link[]> {
  const links = new Map<string, Link[]>();
  const add = (link: Link): void => {
    const name = relationName(link.term);
    if (link.term.startsWith('!') || !isWanted(name)) return;
    const known = links.get(name);
    if (known === undefined) links.set(name, [link]);
    else known.push(link);
  };
  for (const entry of lookup.source.all()) {
    for (const term of entry.depends) add({ package: entry, kind: 'depends', term, relation: term });
    const rule = entry.installIf.join(' ');
    for (const term of entry.installIf) add({ package: entry, kind: 'install_if', term, relation: rule });
    if (!optional) continue;
    for (const { relation } of optionalDepends(lookup.sources.distro, entry)) {
      add({ package: entry, kind: 'optional', term: relation, relation });
    }
  }
  return links;
}

/** Lists dependents, as `dependents` does, in repositories that are already open. */
export function findDependents(
  lookup: Lookup,
  found: FoundPackages,
  { name, depth, optional }: Pick<DependentsRequest, 'name' | 'depth' | 'optional'>,
): DependentsReport {
  const subjects = subjectsOf(found, lookup.sources.distro.resolver.relations.targetName(name));
  const direct = new Set(subjects.flatMap(({ names }) => names));
  const links = linksByName(lookup, { optional, isWanted: (linked) => depth > 1 || direct.has(linked) });
  const seen = new Set(subjects.map((subject) => keyOf(subject.package)));
  const all: Dependent[] = [];
  let level = subjects;
  for (let distance = 1; distance <= depth && level.length > 0; distance++) {
    const met = dependentsOf(lookup, level, { links, seen });
    for (const { package: entry, ...rest } of met) {
      all.push({ ...refOf(lookup.repositories, entry), ...rest, depth: distance });
    }
    const next = new Map(met.map(({ package: entry }) => [keyOf(entry), entry]));
    for (const key of next.keys()) seen.add(key);
    level = [...next.values()].map((entry) => ({ package: entry, names: namesOf(entry) }));
  }
  return {
    name,
    packages: subjects.map((subject) => refOf(lookup.repositories, subject.package)),
    dependents: all,
  };
}

type LinkedPackage = Pick<Dependent, 'kind' | 'on'> & {
  readonly package: RelatedPackage;
  readonly relations: string[];
};

/** Returns packages, by name, that are not `seen` yet and have a relation that one of `subjects` meets. */
function dependentsOf(
  lookup: Lookup,
  subjects: readonly Subject[],
  { links, seen }: { links: ReadonlyMap<string, readonly Link[]>; seen: ReadonlySet<string> },
): readonly LinkedPackage[] {
  const met = new Map<string, LinkedPackage>();
  for (const { package: subject, names } of subjects) {
    for (const { package: entry, kind, term, relation } of names.flatMap((name) => links.get(name) ?? [])) {
      const key = keyOf(entry);
      if (seen.has(key) || lookup.sources.distro.resolver.satisfies(term, subject) === undefined) continue;
      const known = met.get(`${kind} ${key}`);
      if (known === undefined) {
        met.set(`${kind} ${key}`, { package: entry, kind, on: subject.name, relations: [relation] });
      } else if (known.on === subject.name && !known.relations.includes(relation)) {
        known.relations.push(relation);
      }
    }
  }
  return [...met.values()].sort((a, b) => compare(a.package.name, b.package.name) || compare(a.kind, b.kind));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf({ repositoryRank, ordinal }: RelatedPackage): string {
  return `${repositoryRank}/${ordinal}`;
}
