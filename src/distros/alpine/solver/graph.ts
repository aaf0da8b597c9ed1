import { murmur3, NAME_BUCKETS } from '../hash-order.ts';

/**
 * Every name and package of a set of repositories as numbers, with who needs and who provides what: apk reads all of
 * them before it solves, and its answers depend on the order it meets them in. Packages are numbered as they come in
 * the repositories and their indexes, names in the order of a walk of all. `xStart[i]`…`xStart[i + 1]` are the places
 * of i's entries in the list x.
 */
export type Graph = Readonly<Record<WordSection, Int32Array>> & Readonly<Record<ByteSection, Uint8Array>>;

/** The sections of 32-bit words, in the order in which they are serialised. */
export const WORD_SECTIONS = [
  /** Where a name's bytes begin in nameBytes */
  'nameStart',
  /** Its place in apk's hash table: reverse lists are in this order */
  'nameRank',
  'bucketStart',
  'bucketNames',
  'packageName',
  /** Number of its version text */
  'packageVersion',
  /** Rank of the first repository that holds it, and its place there */
  'packageRank',
  'packageOrdinal',
  /** A bit for each repository that holds it */
  'packageRepositories',
  'packageFlags',
  'packagePriority',
  'dependStart',
  /** Relations */
  'depends',
  'provideStart',
  'provideName',
  /** Version text; 0: without a version */
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
  /** By package: distinct names it depends on; names it provides but the quiet ones */
  'reachedStart',
  'reached',
  'heardStart',
  'heard',
  'nameFlags',
  /**
   * By name, of a name that goes with one package of that name which others of its names cannot lead into: all that
   * the walk looks at, in its order, and how far that is before the name is left; elsewhere nothing and -1.
   */
  'plainStart',
  'plain',
  'plainLeft',
  'relationName',
  'relationOperator',
  'relationVersion',
  'versionStart',
] as const;
/** The sections of bytes (UTF-8), behind those of words. */
export const BYTE_SECTIONS = ['nameBytes', 'versionBytes'] as const;
/** A section of words. */
export type WordSection = (typeof WORD_SECTIONS)[number];
/** A section of bytes. */
export type ByteSection = (typeof BYTE_SECTIONS)[number];

/** Bits of packageFlags. */
export const UNINSTALLABLE = 1;
/** An installed size of zero: apk takes it from any repository. */
export const EMPTY = 2;
export const FOREIGN_ARCHITECTURE = 4;

/**
 * Bit of nameFlags: nothing depends on the name or watches it in install_if, and its one provider, of another name,
 * has no install_if. Walking it reaches nothing and moves nothing.
 */
export const QUIET = 1;

/** Bits of relationOperator beside `< = > ~`. */
export const CONFLICT = 16;
export const BROKEN = 32;

const utf8 = new TextDecoder();

/** The text of a name by its number. */
export function nameText(graph: Graph, name: number): string {
  return utf8.decode(graph.nameBytes.subarray(graph.nameStart[name], graph.nameStart[name + 1]));
}

/** The text of a version by its number. */
export function versionText(graph: Graph, version: number): string {
  return utf8.decode(
    graph.versionBytes.subarray(graph.versionStart[version], graph.versionStart[version + 1]),
  );
}

/** How many names there are. */
export function nameCount(graph: Graph): number {
  return graph.nameStart.length - 1;
}

/** How many packages there are. */
export function packageCount(graph: Graph): number {
  return graph.packageName.length;
}

/** The name's number; -1 where no package has to do with it. */
export function findName(graph: Graph, text: string): number {
  const wanted = Buffer.from(text);
  const bucket = murmur3(wanted) % NAME_BUCKETS;
  const end = graph.bucketStart[bucket + 1] as number;
  for (let index = graph.bucketStart[bucket] as number; index < end; index += 1) {
    const name = graph.bucketNames[index] as number;
    const bytes = graph.nameBytes.subarray(graph.nameStart[name], graph.nameStart[name + 1]);
    if (wanted.equals(bytes)) return name;
  }
  return -1;
}
