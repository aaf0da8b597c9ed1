import type { ArchiveFacts } from '../../../model/archive.ts';
import type { InstalledPackage } from '../../install.ts';
import type { RootDraft } from '../../shared/root-draft.ts';
import { undecided } from '../../shared/shell/undecided.ts';
import type { CacheFormat } from './cache-bytes.ts';

/** Behaviour of a release of ldconfig. */
export interface Release {
  readonly format: CacheFormat;
  /** Its name in the cache, for the format `extended` only */
  readonly generator: string;
  /** Before 2.36, the cache has the kernel version that a library needs. */
  readonly notesOsVersion: boolean;
  /** Before 2.37, 32-bit libraries that do not use libc6 are of another type, and folders like `haswell` are searched. */
  readonly legacy: boolean;
  /** 2.37 handles libraries without a soname wrongly (glibc bug 30125). */
  readonly losesImplicitSonames: boolean;
  /** From 2.44, `/etc/tunables.conf` goes into the cache. */
  readonly readsTunables: boolean;
}

type Behaviour = Omit<Release, 'generator'>;

const OF_2_26: Behaviour = {
  format: 'compat',
  notesOsVersion: true,
  legacy: true,
  losesImplicitSonames: false,
  readsTunables: false,
};
const OF_2_32: Behaviour = { ...OF_2_26, format: 'new' };
const OF_2_33: Behaviour = { ...OF_2_32, format: 'extended' };
const OF_2_36: Behaviour = { ...OF_2_33, notesOsVersion: false };
const OF_2_37: Behaviour = { ...OF_2_36, legacy: false, losesImplicitSonames: true };
const OF_2_38: Behaviour = { ...OF_2_37, losesImplicitSonames: false };
const OF_2_44: Behaviour = { ...OF_2_38, readsTunables: true };

/**
 * Releases of glibc whose ldconfig is known: the N of 2.N → behaviour. Source: the programs of 2.26 and 2.36 and a cache that
 * 2.43 wrote were compared; the others were read: elf/{ldconfig,ldconfig-parse,cache,readlib,readelflib,chroot_canon,
 * stringtable,dl-cache}.c and {elf,sysdeps}/**\/{ldconfig,dl-cache,dl-is_dso,stringtable,tunconf}.h from each tag to the next,
 * and release/2.42 to 2.44 up to 2026-08-08, which do not change these files after the tag. Before a newer release is added, read
 * its differences in these files.
 */
const KNOWN: ReadonlyMap<number, Behaviour> = new Map([
  ...[26, 27, 28, 29, 30, 31].map((minor) => [minor, OF_2_26] as const),
  [32, OF_2_32],
  ...[33, 34, 35].map((minor) => [minor, OF_2_33] as const),
  [36, OF_2_36],
  [37, OF_2_37],
  ...[38, 39, 40, 41, 42, 43].map((minor) => [minor, OF_2_38] as const),
  [44, OF_2_44],
]);

/**
 * Returns the release of a program that is the ldconfig of one of the packages.
 * @throws Undecided when it is not glibc's ldconfig, or its release or architecture is not known
 */
export function releaseOf(draft: RootDraft, packages: readonly InstalledPackage[], program: string): Release {
  const file = draft.statFollow(program);
  if (file?.type !== 'file' || (file.mode & 0o111) === 0) undecided(`${program} is not a program`);
  const generators = (facts: ArchiveFacts) => facts.linker?.generators ?? {};
  const owner = packages.find(({ facts }) => generators(facts)[file.sha256 ?? ''] !== undefined);
  if (owner?.facts.name !== 'glibc') undecided(`${program} is not glibc’s`);
  return ofGlibc(owner.facts, generators(owner.facts)[file.sha256 ?? ''] as string);
}

function ofGlibc({ version, architecture }: ArchiveFacts, generator: string): Release {
  const minor = Number(/^(?:\d+:)?2\.(\d+)(?![.\d])/.exec(version)?.[1]);
  if (architecture !== 'x86_64') undecided(`glibc for ${architecture} is unknown`);
  const behaviour = KNOWN.get(minor);
  if (behaviour === undefined) {
    const known = [...KNOWN.keys()];
    undecided(
      `glibc ${version} is unknown, src/distros/arch/ldconfig/release.ts has 2.${known[0]} to 2.${known.at(-1)}`,
    );
  }
  const named = generator.endsWith(` stable release version 2.${minor}`);
  if (behaviour.format === 'extended' ? !named : generator !== '')
    undecided(`glibc ${version} has a changed ldconfig`);
  return { ...behaviour, generator };
}
