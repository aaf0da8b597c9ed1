import type { Installation, TreeRules } from '../install.ts';
import { apkGeneration } from './releases.ts';
import type { TermRules } from './rules.ts';
import { apk3Rules } from './tree.ts';

/** What differs between the generations of apk in the root that they leave. */
export interface ApkLayout {
  readonly generation: TermRules['generation'];
  /** apk 2 makes the folders and device nodes of a root when it creates a database; apk 3 its cache folder alone. */
  readonly makesRoot: boolean;
  /** How files are laid down, where it is not as in apk 2 */
  readonly rules: Partial<TreeRules>;
  /** When apk 3 reads all of passwd and group: see id-cache.ts */
  readonly readsIdsAtOnce: boolean;
  /** apk 2 gives a file its hard link's owner and mode; apk 3 its owner, and the mode where that has suid or sgid. */
  readonly linkGivesMode: boolean;
  /** apk 3 runs the commit hooks of packages too. */
  readonly packageHooks: boolean;
  /** apk 2 runs scripts from a folder in the root, apk 3 from memory. */
  readonly scriptFolder: boolean;
  /** apk 2: `scripts.tar`, dated by the install; apk 3: `scripts.tar.gz`, dated by the package's build */
  readonly compressedScripts: boolean;
  /** apk 3 sorts a directory's files in `installed` by name. */
  readonly sortedFiles: boolean;
  /**
   * apk 2 writes what no index says of a package (`r: q: s: f:`) with its first directory: where there is none, with
   * the next package's. apk 3 drops it.
   */
  readonly carriesNotes: boolean;
  /** apk 2 notes a package without checksums in its tar as broken. */
  readonly needsChecksums: boolean;
  /** apk 2 writes scripts and triggers in install order, apk 3 in the order of the names. */
  readonly scriptsByName: boolean;
  /** apk 3 lists the words of `tags` (`g:`). */
  readonly tags: boolean;
  /** apk 2 writes `o: m: c:` also where they are empty in the index. */
  readonly emptyFields: boolean;
}

const APK2: ApkLayout = {
  generation: '2',
  makesRoot: true,
  rules: {},
  readsIdsAtOnce: false,
  linkGivesMode: true,
  packageHooks: false,
  scriptFolder: true,
  compressedScripts: false,
  sortedFiles: false,
  carriesNotes: true,
  needsChecksums: true,
  scriptsByName: false,
  tags: false,
  emptyFields: true,
};

/** Source: apk-tools 3, `database.c`, `package.c`. */
const APK3: ApkLayout = {
  generation: '3',
  makesRoot: false,
  rules: apk3Rules,
  readsIdsAtOnce: true,
  linkGivesMode: false,
  packageHooks: true,
  scriptFolder: false,
  compressedScripts: true,
  sortedFiles: true,
  carriesNotes: false,
  needsChecksums: false,
  scriptsByName: true,
  tags: true,
  emptyFields: false,
};

/** The layout of the apk that is installed, else of the one that the repositories or their release have. */
export function layoutOf({ packages, system }: Pick<Installation, 'packages' | 'system'>): ApkLayout {
  const own = packages.find(({ facts }) => facts.name === 'apk-tools')?.facts.version;
  const { release, packageManager } = system;
  return apkGeneration({ release, apkToolsVersion: own ?? packageManager }) === '3' ? APK3 : APK2;
}
