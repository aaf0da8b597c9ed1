import type { IndexPackage } from '../model/package.ts';
import { relationName } from '../model/relation.ts';
import type { Revision } from './revisions.ts';

/** Kinds of rows of relation_name; older catalogs also have 1, install_if, which nothing reads. */
export const RELATION_KINDS = { provides: 0, group: 2 } as const;

/** Columns of the table package, in the order in which rows are written. */
export const PACKAGE_COLUMNS = [
  'id',
  'revision',
  'ordinal',
  'name',
  'version',
  'architecture',
  'description',
  'url',
  'license',
  'origin',
  'maintainer',
  'build_time',
  'vcs_commit',
  'size_bytes',
  'installed_size_bytes',
  'file_name',
  'checksum',
  'depends',
  'provides',
  'replaces',
  'conflicts',
  'install_if',
  'groups',
  'provider_priority',
  'replaces_priority',
  'signature',
  'dependents',
  'extra',
];

/** Yields the rows of packages, values in the order of PACKAGE_COLUMNS. */
export function* packageValues(
  packages: readonly IndexPackage[],
  { id: revision, firstPackage }: Revision,
): Generator<readonly (string | number)[]> {
  const dependents = countDependents(packages);
  for (const [ordinal, entry] of packages.entries()) {
    yield [
      firstPackage + ordinal,
      revision,
      ordinal,
      entry.name,
      entry.version,
      entry.architecture,
      entry.description,
      entry.url,
      entry.license,
      entry.origin,
      entry.maintainer,
      entry.buildTime,
      entry.commit,
      entry.sizeBytes,
      entry.installedSizeBytes,
      entry.fileName,
      entry.checksum,
      entry.depends.join('\n'),
      entry.provides.join('\n'),
      entry.replaces.join('\n'),
      entry.conflicts.join('\n'),
      entry.installIf.join('\n'),
      entry.groups.join('\n'),
      entry.providerPriority,
      entry.replacesPriority,
      entry.signature,
      dependentsOf(entry, dependents),
      isEmpty(entry.extra) ? '' : JSON.stringify(entry.extra),
    ];
  }
}

type RelatedName = readonly [kind: number, name: string, packageId: number];

/** Returns rows of relation_name in key order, so that the b-tree only grows at its end. */
export function relatedNames(
  packages: readonly IndexPackage[],
  firstPackage: number,
): readonly RelatedName[] {
  const names: RelatedName[] = [];
  for (const [index, { provides, groups }] of packages.entries()) {
    for (const provide of provides)
      names.push([RELATION_KINDS.provides, relationName(provide), firstPackage + index]);
    for (const group of groups) names.push([RELATION_KINDS.group, group, firstPackage + index]);
  }
  return names.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] - b[2]));
}

/** Counts the dependencies of these packages on each name. */
function countDependents(packages: readonly IndexPackage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of packages) {
    for (const relation of entry.depends) {
      const name = relationName(relation);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

function dependentsOf(entry: IndexPackage, counts: ReadonlyMap<string, number>): number {
  let sum = counts.get(entry.name) ?? 0;
  for (const provide of entry.provides) sum += counts.get(relationName(provide)) ?? 0;
  return sum;
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}
