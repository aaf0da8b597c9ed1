import type { Installation, TreeRules } from '../install.ts';
import { apkGeneration } from './releases.ts';
import type { TermRules } from './rules.ts';
import { apk3Rules } from './tree.ts';

/** Differences between the roots that apk 2 and apk 3 leave. */
export interface ApkLayout {
  readonly generation: TermRules['generation'];
  /** apk 2 makes the folders and device nodes of a root when it creates a database; apk 3 makes only its cache folder. */
  readonly makesRoot: boolean;
  /** Rules for laying files down that differ from apk 2's */
  readonly rules: Partial<TreeRules>;
  /** apk 3 reads passwd and group as a whole: see id-cache.ts. */
  readonly readsIdsAtOnce: boolean;
  /** apk 2 gives a file the owner and mode of its hard link; apk 3 the owner, and the mode only if it has suid or sgid. */
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
   * apk 2 writes the fields that no index has (`r: q: s: f:`) with a package's first directory, or, if it has none, with the next
   * package's. apk 3 drops them.
   */
  readonly carriesNotes: boolean;
  /** apk 2 marks a package as broken if its tar lacks checksums. */
  readonly needsChecksums: boolean;
  /** apk 2 writes scripts and triggers in install order, apk 3 sorted by package name. */
  readonly scriptsByName: boolean;
  /** apk 3 writes the words of `tags` as `g:`. */
  readonly tags: boolean;
  /** apk 2 writes `o: m: c:` even if they are empty in the index. */
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

/** Layout of apk 3 (apk-tools 3, `database.c`, `package.c`). */
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

/** Returns the layout of the installed apk or, if none is installed, of the apk in the repositories or their release. */
export function layoutOf({ packages, system }: Pick<Installation, 'packages' | 'system'>): ApkLayout {
  const own = packages.find(({ facts }) => facts.name === 'apk-tools')?.facts.version;
  const { release, packageManager } = system;
  return apkGeneration({ release, apkToolsVersion: own ?? packageManager }) === '3' ? APK3 : APK2;
}
