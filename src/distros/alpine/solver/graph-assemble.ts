import { required } from '../../../model/required.ts';
import { murmur3, NAME_BUCKETS } from '../hash-order.ts';
import { type Graph, QUIET, TRIGGERS } from './graph.ts';
import type { Draft, Relations } from './graph-draft.ts';

/** Packages and texts with their numbers, from which the lists by name are made. */
export interface Parts {
  readonly drafts: readonly Draft[];
  /** Texts by number */
  readonly names: readonly string[];
  /** Numbers of the names in the order in which they were first met */
  readonly met: Int32Array;
  readonly relations: Pick<Relations, 'name' | 'operator' | 'version'>;
  readonly versions: readonly string[];
}

/** Assembles a graph: makes the lists by name and by package. */
export function assemble(parts: Parts): Graph {
  const { drafts, relations } = parts;
  const { bucketStart, bucketNames } = inHashOrder(parts);
  const count = parts.names.length;
  const nameRank = new Int32Array(count);
  bucketNames.forEach((name, rank) => {
    nameRank[name] = rank;
  });
  const relationName = Int32Array.from(relations.name);
  const names = packTexts(parts.names);
  const versions = packTexts(parts.versions);
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
  const isWatched = (name: number): boolean => triggers.start[name] !== triggers.start[name + 1];
  const isTrigger = (draft: Draft): boolean =>
    isWatched(draft.name) || draft.provides.some(({ name }) => isWatched(name));
  const isQuiet = (name: number): boolean => {
    const only = providers.start[name] as number;
    const provider = drafts[providers.first[only] as number];
    return (
      (providers.start[name + 1] as number) === only + 1 &&
      provider !== undefined &&
      provider.name !== name &&
      provider.installIf.length === 0 &&
      dependents.start[name] === dependents.start[name + 1] &&
      !isWatched(name)
    );
  };
  const nameFlags = Int32Array.from({ length: count }, (_, name) => (isQuiet(name) ? QUIET : 0));
  const reached = flatten(drafts, (draft) => [
    ...new Set(draft.depends.map((id) => relationName[id] as number)),
  ]);
  const heard = flatten(drafts, (draft) =>
    draft.provides.map(({ name }) => name).filter((name) => nameFlags[name] !== QUIET),
  );
  /** Returns the names in install_if of the packages that have or provide a name. */
  function watchedBy(name: number): Iterable<number> {
    let watched: Set<number> | undefined;
    const end = providers.start[name + 1] as number;
    for (let index = providers.start[name] as number; index < end; index += 1) {
      const { installIf: rule } = drafts[providers.first[index] as number] as Draft;
      if (rule.length === 0) continue;
      watched ??= new Set();
      for (const id of rule) watched.add(relationName[id] as number);
    }
    return watched ?? [];
  }
  const isPlain = (name: number): boolean => {
    const only = providers.start[name] as number;
    const pkg = providers.first[only] as number;
    return (
      (providers.start[name + 1] as number) === only + 1 &&
      drafts[pkg]?.name === name &&
      heard.start[pkg] === heard.start[pkg + 1]
    );
  };
  const plainLeft = new Int32Array(count);
  const plain = flatten(
    Array.from({ length: count }, (_, name) => name),
    (name) => {
      if (!isPlain(name)) return [];
      const pkg = providers.first[providers.start[name] as number] as number;
      const before = [
        ...reached.items.slice(reached.start[pkg], reached.start[pkg + 1]),
        ...triggers.first.subarray(triggers.start[name], triggers.start[name + 1]),
      ];
      plainLeft[name] = before.length + 1;
      return [...before, ...required(drafts, pkg).installIf.map((id) => relationName[id] as number)];
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
    packageFlags: Int32Array.from(drafts, (draft) => draft.flags | (isTrigger(draft) ? TRIGGERS : 0)),
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

/** Sorts names by the buckets of apk's hash table, within a bucket the last inserted first. */
function inHashOrder({ names, met }: Parts): { bucketStart: Int32Array; bucketNames: Int32Array } {
  const buckets = Int32Array.from(names, (text) => murmur3(Buffer.from(text)) % NAME_BUCKETS);
  const bucketStart = new Int32Array(NAME_BUCKETS + 1);
  for (const bucket of buckets) bucketStart[bucket + 1] = (bucketStart[bucket + 1] as number) + 1;
  for (let index = 0; index < NAME_BUCKETS; index += 1) {
    bucketStart[index + 1] = (bucketStart[index + 1] as number) + (bucketStart[index] as number);
  }
  const next = bucketStart.slice();
  const bucketNames = new Int32Array(names.length);
  for (const name of met.toReversed()) {
    const bucket = buckets[name] as number;
    const index = next[bucket] as number;
    next[bucket] = index + 1;
    bucketNames[index] = name;
  }
  return { bucketStart, bucketNames };
}

function packTexts(texts: readonly string[]): { start: Int32Array; bytes: Buffer } {
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

/** Gathers the entries of each name in the order in which `visit` adds them. */
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
  visit((name, firstValue, secondValue) => {
    const index = next[name] as number;
    next[name] = index + 1;
    first[index] = firstValue;
    second[index] = secondValue;
  });
  return { start, first, second };
}
