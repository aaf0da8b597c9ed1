import { gzipSync } from 'node:zlib';
import type { FileEntries } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type {
  DirectoryOwnership,
  Installation,
  InstalledPackage,
  Installer,
  InstallerResult,
  Root,
} from '../install.ts';
import { layoutOf } from './apk-layout.ts';
import { commitHooks } from './commit-hooks.ts';
import { idCache, idCacheAtOnce } from './id-cache.ts';
import { DATABASE_FOLDER, makeRoot, SCRIPT_FOLDER } from './initdb.ts';
import { installFiles, type LateEntry } from './install-files.ts';
import { byDisplayName, installedContent } from './installed-db.ts';
import { scriptsTar } from './scripts-tar.ts';
import { scriptSteps } from './steps.ts';
import { triggerRuns, triggersText } from './triggers.ts';
import { checkEntries, isMetadata, isUnpacked } from './unpacked.ts';
import { worldText } from './world.ts';

/** Files that apk 3 reads again after a package has shipped one. */
const ID_FILE = /^etc\/(?:passwd|group)$/;

const SPECIAL_BITS = 0o7000;

type Owner = Pick<DirectoryOwnership, 'uid' | 'gid'>;
type Owned = (installed: InstalledPackage) => readonly number[];

/** Returns the installer that adds what `apk add --initdb` leaves in an empty root besides the packages' files. */
export function installer(installation: Installation): Installer {
  const layout = layoutOf(installation);
  const ids = layout.readsIdsAtOnce ? idCacheAtOnce() : idCache();
  const isLeftOut = layout.rules.isMetadata ?? isMetadata;
  const steps = scriptSteps(installation, ids.reset);
  let scriptFolder = '';

  /** Runs a step; for the first script, apk 2 makes the folder for scripts if it does not exist. */
  const runStep = (step: Parameters<typeof steps.run>[0], root: Root): void => {
    const runs =
      installation.scripts && step.installed.facts.scripts.some(({ name }) => name === step.script);
    if (runs && layout.scriptFolder && installation.database && root.stat(SCRIPT_FOLDER) === undefined) {
      scriptFolder = SCRIPT_FOLDER;
      if (installation.mode === 'static' && root.stat(DATABASE_FOLDER) !== undefined)
        root.put(SCRIPT_FOLDER, { type: 'directory', mode: 0o700 });
    }
    steps.run(step, root);
  };
  /** Resolved owners of entries, if they differ from the archive's numbers */
  const owners = new Map<FileEntry, Owner>();

  const resolve = (entry: FileEntry): Owner => {
    const owner = owners.get(entry) ?? ids.owner(entry);
    if (layout.readsIdsAtOnce || owner.uid !== entry.uid || owner.gid !== entry.gid) owners.set(entry, owner);
    return owner;
  };
  const resolveFirst = (files: FileEntries): void => {
    for (let index = 0; index < files.length; index += 1)
      if (!isLeftOut({ path: files.path(index), type: files.head(index).type }))
        return void resolve(files.at(index));
  };
  /** An entry that was never looked at has the archive's numbers. */
  const ownerOf = (files: FileEntries, index: number): Owner => {
    const entry = files.seen(index);
    return entry === undefined ? files.head(index) : (owners.get(entry) ?? entry);
  };

  return {
    rules: layout.rules,
    begin(root) {
      makeRoot(root, installation, layout);
    },
    before(installed, root) {
      if (!isUnpacked(installed)) return;
      checkEntries(installed.facts, isLeftOut);
      ids.open(root);
      // apk 3 has already read the first header of the files when it runs the script.
      if (layout.readsIdsAtOnce) resolveFirst(installed.facts.files);
      runStep({ installed, script: 'pre-install', args: [installed.facts.version] }, root);
      ids.open(root);
    },
    owner: resolve,
    after(installed, root) {
      if (!isUnpacked(installed)) return;
      const { files } = installed.facts;
      let shipsIds = false;
      for (let index = 0; index < files.length; index += 1) {
        shipsIds ||= layout.readsIdsAtOnce && ID_FILE.test(files.path(index));
        if (files.head(index).type !== 'hardlink') continue;
        const entry = files.at(index);
        if (!isLeftOut(entry)) linkAttributes(root, entry, resolve(entry));
      }
      if (shipsIds) ids.reset();
      steps.unpacked(installed);
      runStep({ installed, script: 'post-install', args: [installed.facts.version] }, root);
    },
    end(root, owned): InstallerResult {
      const runs = installation.scripts ? triggerRuns(installation.packages) : [];
      for (const run of runs)
        runStep({ installed: run.package, script: 'trigger', args: run.directories }, root);
      if (installation.database) writeDatabase(root, owned);
      if (!installation.scripts) return { pendingSteps: [], appliedSteps: [] };
      const hooks = commitHooks(root, layout);
      for (const path of hooks) steps.hook(path, root);
      const { pendingSteps, appliedSteps } = steps.result();
      const late = (installed: InstalledPackage): readonly LateEntry[] =>
        steps.isLate(installed) ? lateEntries(root, installed, owned(installed)) : [];
      for (const { path, mode, content } of installFiles({
        scriptFolder,
        shell: shellOf(root),
        packages: installation.packages,
        runs,
        hooks,
        pendingSteps,
        appliedSteps,
        late,
      }))
        root.put(path, { type: 'file', mode, content });
      return { pendingSteps, appliedSteps };
    },
  };

  /** Gives the file that a hard link names the link's own owner and mode, as apk does. */
  function linkAttributes(root: Root, entry: FileEntry, owner: Owner): void {
    const existing = root.stat(entry.path);
    // Another package owns the path.
    if (existing === undefined || existing !== root.stat(entry.linkTarget)) return;
    const mode =
      layout.linkGivesMode || (entry.mode & SPECIAL_BITS) > 0 ? entry.mode : afterChown(existing.mode);
    if (existing.mode !== mode || existing.uid !== owner.uid || existing.gid !== owner.gid)
      root.change(entry.path, { mode, ...owner });
  }

  /** Returns the entries with an owner or group other than root, unless another package decided the owner that the root shows. */
  function lateEntries(
    root: Root,
    { facts: { files } }: InstalledPackage,
    indexes: readonly number[],
  ): readonly LateEntry[] {
    return indexes.flatMap((index) => {
      const { uname, gname } = files.head(index);
      if (uname === 'root' && gname === 'root') return [];
      const entry = files.at(index);
      const { uid, gid } = ownerOf(files, index);
      const existing = root.stat(entry.path);
      return existing?.uid === uid && existing.gid === gid ? [{ entry, uid, gid }] : [];
    });
  }

  function writeDatabase(root: Root, owned: Owned): void {
    const put = (path: string, content: Uint8Array, mode = 0o644): void =>
      root.put(path, { type: 'file', mode, content });
    const packages = [...installation.packages].sort(byDisplayName);
    const installed = installedContent({ packages, layout, owned, owner: ownerOf });
    const ordered = layout.scriptsByName ? packages : installation.packages;
    const tar = scriptsTar(ordered, { layout, time: installation.time });
    if (installation.mode === 'static' && scriptFolder !== '' && root.stat(scriptFolder) === undefined)
      root.put(SCRIPT_FOLDER, { type: 'directory', mode: 0o700 });
    put(`${DATABASE_FOLDER}/installed`, installed);
    put(`${DATABASE_FOLDER}/triggers`, Buffer.from(triggersText(ordered)));
    if (layout.compressedScripts) put(`${DATABASE_FOLDER}/scripts.tar.gz`, gzipSync(tar, { level: 9 }));
    else put(`${DATABASE_FOLDER}/scripts.tar`, tar);
    put('etc/apk/world', Buffer.from(worldText(installation.targets)));
    put('etc/apk/arch', Buffer.from(`${installation.architecture}\n`));
    if (layout.makesRoot) put(`${DATABASE_FOLDER}/lock`, Buffer.alloc(0), 0o600);
    const unlessThere = (path: string, content: Uint8Array): void => {
      if (root.stat(path) === undefined) put(path, content);
    };
    const { repositories, keys } = installation;
    if (repositories.length > 0)
      unlessThere('etc/apk/repositories', Buffer.from(`${repositories.join('\n')}\n`));
    for (const { name, content } of keys) unlessThere(`etc/apk/keys/${name}`, content);
  }
}

/** Returns the shell for install.sh: busybox makes /bin/sh in its post-install, so until then it is called by its own name. */
function shellOf(root: Root): string {
  const exists = (path: string): boolean => root.stat(path) !== undefined;
  return !exists('bin/sh') && exists('bin/busybox') ? '/bin/busybox sh' : '/bin/sh';
}

/** Returns the mode after chown(2), which clears suid, and sgid if the group may execute the file. */
function afterChown(mode: number): number {
  return mode & ((mode & 0o010) > 0 ? ~0o6000 : ~0o4000);
}
