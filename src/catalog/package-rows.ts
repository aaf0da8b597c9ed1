import { detached } from '../model/detached.ts';
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

/** A package's row, values in the order of PACKAGE_COLUMNS. */
export type PackageValues = readonly (string | number)[];

/** Rows of packages that come one after another; of those before, only what the others' rows depend on is kept. */
export class PackageRows {
  readonly #revision: Revision;
  readonly #names: string[] = [];
  readonly #provided = new NameList();
  readonly #groups = new NameList();
  /** Number of dependencies on each name */
  readonly #wanted = new Map<string, number>();

  constructor(revision: Revision) {
    this.#revision = revision;
  }

  /** Number of packages so far */
  get count(): number {
    return this.#names.length;
  }

  /** Returns the next package's row, in which the number of dependents is still 0. */
  add(entry: IndexPackage): PackageValues {
    const ordinal = this.#names.length;
    this.#names.push(detached(entry.name));
    for (const relation of entry.provides) this.#provided.add(relationName(relation), ordinal);
    for (const group of entry.groups) this.#groups.add(group, ordinal);
    for (const relation of entry.depends) {
      const name = relationName(relation);
      const count = this.#wanted.get(name);
      this.#wanted.set(count === undefined ? detached(name) : name, (count ?? 0) + 1);
    }
    return [
      this.#revision.firstPackage + ordinal,
      this.#revision.id,
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
      0,
      isEmpty(entry.extra) ? '' : JSON.stringify(entry.extra),
    ];
  }

  /** Yields ids and numbers of dependents of all packages that have any: how often their names are depended on. */
  *dependents(): Generator<readonly [packageId: number, count: number]> {
    const counts = Uint32Array.from(this.#names, (name) => this.#wanted.get(name) ?? 0);
    for (const [name, ordinal] of this.#provided.entries()) {
      counts[ordinal] = (counts[ordinal] ?? 0) + (this.#wanted.get(name) ?? 0);
    }
    for (const [ordinal, count] of counts.entries()) {
      if (count > 0) yield [this.#revision.firstPackage + ordinal, count];
    }
  }

  /** Yields the rows of relation_name in key order, so that the b-tree only grows at its end. */
  *relatedNames(): Generator<readonly [kind: number, name: string, packageId: number]> {
    const { firstPackage } = this.#revision;
    for (const [kind, names] of [
      [RELATION_KINDS.provides, this.#provided],
      [RELATION_KINDS.group, this.#groups],
    ] as const) {
      for (const [name, ordinal] of names.sorted()) yield [kind, name, firstPackage + ordinal];
    }
  }
}

/** Names, each with the number of its package. */
class NameList {
  readonly #names: string[] = [];
  readonly #ordinals: number[] = [];

  add(name: string, ordinal: number): void {
    this.#names.push(detached(name));
    this.#ordinals.push(ordinal);
  }

  *entries(
    order: Iterable<number> = this.#names.keys(),
  ): Generator<readonly [name: string, ordinal: number]> {
    for (const at of order) yield [this.#names[at] as string, this.#ordinals[at] as number];
  }

  sorted(): Generator<readonly [name: string, ordinal: number]> {
    const names = this.#names;
    const compare = (a: number, b: number) => {
      const [one, other] = [names[a] as string, names[b] as string];
      return one < other ? -1 : one > other ? 1 : a - b;
    };
    return this.entries(Uint32Array.from(names.keys()).sort(compare));
  }
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}
