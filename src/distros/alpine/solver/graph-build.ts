import { AppError } from '../../../model/app-error.ts';
import type { RelatedPackage } from '../../../model/package.ts';
import { checksumBytes } from '../checksum.ts';
import { murmur3, NAME_BUCKETS } from '../hash-order.ts';
import { parseRelation, type Relation } from '../relation.ts';
import { BROKEN, CONFLICT, EMPTY, FOREIGN_ARCHITECTURE, type Graph, QUIET, UNINSTALLABLE } from './graph.ts';

/** Repositories are bits of one word, as in apk, which takes fewer. */
const MAX_REPOSITORIES = 32;
/** All releases of Alpine together have about 500,000 packages. */
const MAX_PACKAGES = 4_000_000;

interface Draft {
  readonly name: number;
  readonly version: number;
  readonly rank: number;
  readonly ordinal: number;
  repositories: number;
  readonly flags: number;
  readonly priority: number;
  readonly depends: readonly number[];
  readonly provides: readonly { readonly name: number; readonly version: number }[];
  readonly installIf: readonly number[];
}

export interface GraphInput {
  /** In the order of repositories and of their indexes. */
  readonly packages: Iterable<RelatedPackage>;
  /** The distribution's word; what is built for another cannot be installed. */
  readonly architecture: string;
  /** Names that apk knows before it reads a repository: those of world. */
  readonly firstNames?: readonly string[];
}

/** Packages with the same checksum are one, whichever repository holds them. @throws AppError LIMIT */
export function buildGraph({ packages, architecture, firstNames = [] }: GraphInput): Graph {
  const names = new Numbers();
  const versions = new Numbers();
  versions.of('');
  const relations = new Relations(names, versions);
  const drafts: Draft[] = [];
  const byChecksum = new Map<string, Draft>();
  for (const name of firstNames) names.of(name);
  for (const entry of packages) {
    if (entry.repositoryRank >= MAX_REPOSITORIES || drafts.length >= MAX_PACKAGES) {
      throw new AppError(
        'LIMIT',
        `solver: expected at most ${MAX_REPOSITORIES} repositories and ${MAX_PACKAGES} packages, got more`,
      );
    }
    const draft = toDraft(entry, relations, architecture);
    const identity = checksumBytes(entry.checksum);
    const known = identity === '' ? undefined : byChecksum.get(identity);
    if (known !== undefined) {
      known.repositories |= draft.repositories;
      continue;
    }
    drafts.push(draft);
    if (identity !== '') byChecksum.set(identity, draft);
  }
  return assemble(drafts, relations);
}

function toDraft(entry: RelatedPackage, relations: Relations, architecture: string): Draft {
  const { names, versions } = relations;
  const name = names.of(entry.name);
  const depends = relations.list(entry.depends);
  const provides = relations.list(entry.provides);
  const installIf = relations.list(entry.installIf);
  const foreign = !['', 'noarch', architecture].includes(entry.architecture);
  // A field with a capital letter that is not known says: this needs a newer tool.
  const newer = Object.keys(entry.extra).some((key) => /^[A-Z]$/.test(key));
  return {
    name,
    version: versions.of(entry.version),
    rank: entry.repositoryRank,
    ordinal: entry.ordinal,
    // Installed packages have the rank -1: no repository.
    repositories: entry.repositoryRank < 0 ? 0 : 1 << entry.repositoryRank,
    flags:
      (depends.broken || foreign || newer ? UNINSTALLABLE : 0) |
      (entry.installedSizeBytes === 0 ? EMPTY : 0) |
      (foreign ? FOREIGN_ARCHITECTURE : 0),
    priority: entry.providerPriority,
    depends: depends.ids,
    provides: provides.ids.map((id) => relations.provided(id)),
    installIf: installIf.broken ? [] : installIf.ids,
  };
}

/** Texts by number, in the order they were first met. */
class Numbers {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.texts.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }
}

class Relations {
  readonly names: Numbers;
  readonly versions: Numbers;
  readonly name: number[] = [];
  readonly operator: number[] = [];
  readonly version: number[] = [];
  readonly #ids = new Map<string, number>();

  constructor(names: Numbers, versions: Numbers) {
    this.names = names;
    this.versions = versions;
  }

  /** apk stops reading a list at a term that is none; `broken` also says that a version in it is not valid. */
  list(texts: readonly string[]): { ids: readonly number[]; broken: boolean } {
    const ids: number[] = [];
    let broken = false;
    for (const text of texts) {
      const id = this.#id(text);
      if (id < 0) return { ids, broken: true };
      broken ||= ((this.operator[id] as number) & BROKEN) !== 0;
      ids.push(id);
    }
    return { ids, broken };
  }

  provided(id: number): { name: number; version: number } {
    return { name: this.name[id] as number, version: this.version[id] as number };
  }

  #id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const relation = parseRelation(text);
    const id = relation === null || relation.tag !== '' ? -1 : this.#add(relation);
    this.#ids.set(text, id);
    return id;
  }

  #add({ name, conflict, operator, version, broken }: Relation): number {
    this.name.push(this.names.of(name));
    this.operator.push(operator | (conflict ? CONFLICT : 0) | (broken ? BROKEN : 0));
    this.version.push(this.versions.of(version));
    return this.name.length - 1;
  }
}

function assemble(drafts: readonly Draft[], relations: Relations): Graph {
  const { bucketStart, bucketNames } = inHashOrder(relations.names.texts);
  const count = relations.names.texts.length;
  const nameRank = new Int32Array(count);
  bucketNames.forEach((name, rank) => {
    nameRank[name] = rank;
  });
  const relationName = Int32Array.from(relations.name);
  const names = packTexts(relations.names.texts);
  const versions = packTexts(relations.versions.texts);
  const depends = flatten(drafts, (draft) => draft.depends);
  const provides = flatten(drafts, (draft) => draft.provides);
  const installIf = flatten(drafts, (draft) => draft.installIf);
  const providers = gather(count, (add) => {
    drafts.forEach((draft, index) => {
      add(draft.name, index, draft.version);
      for (const { name, version } of draft.provides) add(name, index, version);
    });
  });
  const dependents = gather(count, (add) => {
    drafts.forEach((draft, index) => {
      for (const name of new Set(draft.depends.map((id) => relationName[id] as number))) add(name, index, 0);
    });
  });
  const triggers = gather(count, (add) => {
    for (const name of bucketNames) {
      for (const watched of watchedBy(name)) add(watched, name, 0);
    }
  });
  const isQuiet = (name: number): boolean => {
    const only = providers.start[name] as number;
    const provider = drafts[providers.first[only] as number];
    return (
      (providers.start[name + 1] as number) === only + 1 &&
      provider !== undefined &&
      provider.name !== name &&
      provider.installIf.length === 0 &&
      dependents.start[name] === dependents.start[name + 1] &&
      triggers.start[name] === triggers.start[name + 1]
    );
  };
  const nameFlags = Int32Array.from({ length: count }, (_, name) => (isQuiet(name) ? QUIET : 0));
  const reached = flatten(drafts, (draft) => [
    ...new Set(draft.depends.map((id) => relationName[id] as number)),
  ]);
  const heard = flatten(drafts, (draft) =>
    draft.provides.map(({ name }) => name).filter((name) => nameFlags[name] !== QUIET),
  );
  /** Names in install_if of the packages that go by a name. */
  function watchedBy(name: number): Iterable<number> {
    let watched: Set<number> | undefined;
    const end = providers.start[name + 1] as number;
    for (let at = providers.start[name] as number; at < end; at += 1) {
      const { installIf: rule } = drafts[providers.first[at] as number] as Draft;
      if (rule.length === 0) continue;
      watched ??= new Set();
      for (const id of rule) watched.add(relationName[id] as number);
    }
    return watched ?? [];
  }
  const isPlain = (name: number): boolean => {
    const only = providers.start[name] as number;
    const one = providers.first[only] as number;
    return (
      (providers.start[name + 1] as number) === only + 1 &&
      drafts[one]?.name === name &&
      heard.start[one] === heard.start[one + 1]
    );
  };
  const plainLeft = new Int32Array(count).fill(-1);
  const plain = flatten(
    Array.from({ length: count }, (_, name) => name),
    (name) => {
      if (!isPlain(name)) return [];
      const one = providers.first[providers.start[name] as number] as number;
      const before = [
        ...reached.items.slice(reached.start[one], reached.start[one + 1]),
        ...triggers.first.subarray(triggers.start[name], triggers.start[name + 1]),
      ];
      plainLeft[name] = before.length;
      return [...before, ...(drafts[one] as Draft).installIf.map((id) => relationName[id] as number)];
    },
  );
  return {
    nameStart: names.start,
    nameBytes: names.bytes,
    nameRank,
    bucketStart,
    bucketNames,
    packageName: Int32Array.from(drafts, (draft) => draft.name),
    packageVersion: Int32Array.from(drafts, (draft) => draft.version),
    packageRank: Int32Array.from(drafts, (draft) => draft.rank),
    packageOrdinal: Int32Array.from(drafts, (draft) => draft.ordinal),
    packageRepositories: Int32Array.from(drafts, (draft) => draft.repositories),
    packageFlags: Int32Array.from(drafts, (draft) => draft.flags),
    packagePriority: Int32Array.from(drafts, (draft) => draft.priority),
    dependStart: depends.start,
    depends: Int32Array.from(depends.items),
    provideStart: provides.start,
    provideName: Int32Array.from(provides.items, ({ name }) => name),
    provideVersion: Int32Array.from(provides.items, ({ version }) => version),
    installIfStart: installIf.start,
    installIfs: Int32Array.from(installIf.items),
    providerStart: providers.start,
    providerPackage: providers.first,
    providerVersion: providers.second,
    dependentStart: dependents.start,
    dependents: dependents.first,
    triggerStart: triggers.start,
    triggers: triggers.first,
    reachedStart: reached.start,
    reached: Int32Array.from(reached.items),
    heardStart: heard.start,
    heard: Int32Array.from(heard.items),
    nameFlags,
    plainStart: plain.start,
    plain: Int32Array.from(plain.items),
    plainLeft,
    relationName,
    relationOperator: Int32Array.from(relations.operator),
    relationVersion: Int32Array.from(relations.version),
    versionStart: versions.start,
    versionBytes: versions.bytes,
  };
}

/** The names of each bucket of apk's hash table, newest first. */
function inHashOrder(texts: readonly string[]): { bucketStart: Int32Array; bucketNames: Int32Array } {
  const buckets = Int32Array.from(texts, (text) => murmur3(Buffer.from(text)) % NAME_BUCKETS);
  const bucketStart = new Int32Array(NAME_BUCKETS + 1);
  for (const bucket of buckets) bucketStart[bucket + 1] = (bucketStart[bucket + 1] as number) + 1;
  for (let at = 0; at < NAME_BUCKETS; at += 1) {
    bucketStart[at + 1] = (bucketStart[at + 1] as number) + (bucketStart[at] as number);
  }
  const next = bucketStart.slice();
  const bucketNames = new Int32Array(texts.length);
  for (let name = texts.length - 1; name >= 0; name -= 1) {
    const bucket = buckets[name] as number;
    const at = next[bucket] as number;
    next[bucket] = at + 1;
    bucketNames[at] = name;
  }
  return { bucketStart, bucketNames };
}

function packTexts(texts: readonly string[]): { start: Int32Array; bytes: Uint8Array } {
  const start = new Int32Array(texts.length + 1);
  let length = 0;
  texts.forEach((text, index) => {
    length += Buffer.byteLength(text);
    start[index + 1] = length;
  });
  return { start, bytes: Buffer.from(texts.join('')) };
}

function flatten<Owner, T>(owners: readonly Owner[], listOf: (owner: Owner) => readonly T[]) {
  const start = new Int32Array(owners.length + 1);
  const items: T[] = [];
  owners.forEach((owner, index) => {
    for (const item of listOf(owner)) items.push(item);
    start[index + 1] = items.length;
  });
  return { start, items };
}

/** Entries of each name in the order `visit` adds them. */
function gather(
  names: number,
  visit: (add: (name: number, first: number, second: number) => void) => void,
): { start: Int32Array; first: Int32Array; second: Int32Array } {
  const start = new Int32Array(names + 1);
  visit((name) => {
    start[name + 1] = (start[name + 1] as number) + 1;
  });
  for (let name = 0; name < names; name += 1) {
    start[name + 1] = (start[name + 1] as number) + (start[name] as number);
  }
  const next = start.slice();
  const first = new Int32Array(start[names] as number);
  const second = new Int32Array(start[names] as number);
  visit((name, one, two) => {
    const at = next[name] as number;
    next[name] = at + 1;
    first[at] = one;
    second[at] = two;
  });
  return { start, first, second };
}
