import { murmur3, NAME_BUCKETS } from '../hash-order.ts';

/**
 * All names and packages of a set of repositories as numbers, with dependencies and provides: apk reads all of them before it
 * solves, and its choices depend on the order in which it meets them. Packages are numbered in the order of the repositories and
 * their indexes, names in the order of a walk of all. `xStart[i]`…`xStart[i + 1]` delimit the entries of i in the list x.
 */
export type Graph = Readonly<Record<WordSection, Words>> & Readonly<Record<ByteSection, Buffer>>;

/** Whole numbers, in the narrowest elements that hold them all (graph-codec.ts): walks read most of a graph. */
export type Words = Int32Array | Uint16Array | Uint8Array;

/** Sections of numbers, in the order in which they are encoded. */
export const WORD_SECTIONS = [
  /** By name: start of its bytes in nameBytes */
  'nameStart',
  /** By name: its place in apk's hash table, which is the order of reverse lists */
  'nameRank',
  'bucketStart',
  'bucketNames',
  'packageName',
  /** By package: number of its version's text */
  'packageVersion',
  /** By package: rank of the first repository that has it, and its place there */
  'packageRank',
  'packageOrdinal',
  /** By package: a bit for each repository that has it */
  'packageRepositories',
  'packageFlags',
  'packagePriority',
  'dependStart',
  /** Relations */
  'depends',
  'provideStart',
  'provideName',
  /** Number of the version's text; 0: without a version */
  'provideVersion',
  'installIfStart',
  /** Relations */
  'installIfs',
  /** By name */
  'providerStart',
  'providerPackage',
  'providerVersion',
  /** By name: packages that depend on it, conflicts too */
  'dependentStart',
  'dependents',
  /** By name: names of packages that have it in install_if */
  'triggerStart',
  'triggers',
  /** By package: distinct names that it depends on; below (heard), names that it provides, without the quiet ones */
  'reachedStart',
  'reached',
  'heardStart',
  'heard',
  'nameFlags',
  /**
   * By name, if its only package has that name and cannot be reached through its other names: all names that the walk visits from
   * it, in order, and one more than how many of them come before it leaves the name; for other names, nothing and 0.
   */
  'plainStart',
  'plain',
  'plainLeft',
  'relationName',
  'relationOperator',
  'relationVersion',
  'versionStart',
] as const;
/** Sections of bytes (UTF-8), after those of numbers. */
export const BYTE_SECTIONS = ['nameBytes', 'versionBytes'] as const;
/** Name of a section of numbers. */
export type WordSection = (typeof WORD_SECTIONS)[number];
/** Name of a section of bytes. */
export type ByteSection = (typeof BYTE_SECTIONS)[number];

/** Bit of packageFlags: apk would not install the package */
export const UNINSTALLABLE = 1;
/** Bit of packageFlags: an installed size of zero, so that apk takes the package from any repository. */
export const EMPTY = 2;
/** Bit of packageFlags: built for another architecture than the graph's */
export const FOREIGN_ARCHITECTURE = 4;
/** Bit of packageFlags: a package has one of its names, its own or a provided one, in install_if. */
export const TRIGGERS = 8;

/**
 * Bit of nameFlags: no package has the name among its dependencies or in install_if, and its only provider has another name and
 * no install_if, so that walking from it has no effect.
 */
export const QUIET = 1;

/** Bits of relationOperator besides `< = > ~`. */
export const CONFLICT = 16;
export const BROKEN = 32;

/** Returns the text of a name. */
export function nameText(graph: Graph, name: number): string {
  return graph.nameBytes.toString('utf8', graph.nameStart[name], graph.nameStart[name + 1]);
}

/** Returns the text of a version. */
export function versionText(graph: Graph, version: number): string {
  return graph.versionBytes.toString('utf8', graph.versionStart[version], graph.versionStart[version + 1]);
}

/** Number of names in a graph. */
export function nameCount(graph: Graph): number {
  return graph.nameStart.length - 1;
}

/** Number of packages in a graph. */
export function packageCount(graph: Graph): number {
  return graph.packageName.length;
}

/** Returns the number of a name; -1 if no package mentions it. */
export function findName(graph: Graph, text: string): number {
  const wanted = Buffer.from(text);
  const bucket = murmur3(wanted) % NAME_BUCKETS;
  const end = graph.bucketStart[bucket + 1] as number;
  for (let index = graph.bucketStart[bucket] as number; index < end; index += 1) {
    const name = graph.bucketNames[index] as number;
    if (
      graph.nameBytes.compare(wanted, 0, wanted.length, graph.nameStart[name], graph.nameStart[name + 1]) ===
      0
    )
      return name;
  }
  return -1;
}
