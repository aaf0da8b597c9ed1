import type { ArchiveFacts } from '../../../model/archive.ts';
import type { InstalledPackage } from '../../install.ts';
import type { RootDraft } from '../../shared/root-draft.ts';
import { undecided } from '../../shared/undecided.ts';
import type { CacheFormat } from './cache-bytes.ts';

/** Where libalpm calls it */
export const LDCONFIG = '/sbin/ldconfig';
/** glibc 2.x whose ldconfig is known: compared with its program (2.26, 2.36) or with its source (the others) */
const FIRST = 26;
const LAST = 41;

/** What ldconfig's releases do differently. */
export interface Release {
  readonly format: CacheFormat;
  /** Its name of itself in the cache; of `extended` alone */
  readonly generator: string;
  /** Before 2.36 the kernel that a library needs is noted. */
  readonly notesOsVersion: boolean;
  /** Before 2.37 32-bit libraries that need no libc are of another kind, and folders like `haswell` are searched. */
  readonly legacy: boolean;
  /** 2.37 alone cannot be trusted with a library without a soname (glibc bug 30125). */
  readonly losesImplicitSonames: boolean;
}

/** The ldconfig of the root. @throws Undecided where it is not Arch's glibc, or one of another age or architecture */
export function releaseOf(draft: RootDraft, packages: readonly InstalledPackage[], sha256: string): Release {
  const program = draft.statFollow(LDCONFIG);
  if (program?.type !== 'file' || (program.mode & 0o111) === 0) undecided(`${LDCONFIG} is no program`);
  const owner = packages.find(({ facts }) => facts.linker?.generators[sha256] !== undefined);
  if (owner?.facts.name !== 'glibc') undecided(`${LDCONFIG} is not glibc’s`);
  return ofGlibc(owner.facts, owner.facts.linker?.generators[sha256] as string);
}

function ofGlibc({ version, architecture }: ArchiveFacts, generator: string): Release {
  const minor = Number(/^(?:\d+:)?2\.(\d+)(?![.\d])/.exec(version)?.[1]);
  if (architecture !== 'x86_64') undecided(`ldconfig of ${architecture}`);
  if (!(minor >= FIRST && minor <= LAST)) undecided(`ldconfig of glibc ${version}`);
  const format = minor < 32 ? 'compat' : minor < 33 ? 'new' : 'extended';
  const named = generator.endsWith(` stable release version 2.${minor}`);
  if (format === 'extended' ? !named : generator !== '') undecided(`glibc ${version} has a changed ldconfig`);
  return {
    format,
    generator,
    notesOsVersion: minor < 36,
    legacy: minor < 37,
    losesImplicitSonames: minor === 37,
  };
}
