import type { Installation, InstalledPackage, Installer, Root } from '../install.ts';
import { planHooks } from './hooks.ts';
import { installFiles } from './install-files.ts';
import { scriptletsOf, stepName } from './install-script.ts';
import { applyKnownStep, type InstallStep } from './known-step.ts';
import { LOCAL_DATABASE, SYNC_DATABASES, writeLocalDatabase } from './local-db.ts';
import { unlinkedRoot } from './unlinked-root.ts';

/**
 * What pacman does around the files: its database, and in its order scriptlets, ldconfig and hooks. Not in the root by
 * nature: `var/log/pacman.log`, the cache of archives, what is in `var/lib/pacman/sync`, which it downloads,
 * and the lock (`var/lib/pacman/db.lck`).
 */
export function installer(installation: Installation): Installer {
  const { packages, scripts, database, mode } = installation;
  const appliedSteps: string[] = [];
  const pendingSteps: string[] = [];
  let unknown = mode !== 'static';
  let linked = true;

  /** After a step that is left nobody knows the root that the next one would find. */
  const take = (step: InstallStep, root: Root): void => {
    if (!unknown && applyKnownStep(step, linked ? root : unlinkedRoot(root), packages) === undefined) {
      appliedSteps.push(stepName(step));
      return;
    }
    pendingSteps.push(stepName(step));
    unknown = true;
  };
  /** pacman runs it with scripts off too; behind a step that is left it has to run again. */
  const link = (root: Root): void => {
    if (root.stat('etc/ld.so.conf') === undefined || root.stat('sbin/ldconfig') === undefined) return;
    const why = applyKnownStep({ kind: 'ldconfig' }, root, packages);
    linked = why === undefined;
    if (!linked) pendingSteps.push(`ldconfig (${why})`);
    else (pendingSteps.length === 0 ? appliedSteps : pendingSteps).push('ldconfig');
  };
  const scriptlet = (installed: InstalledPackage, name: string, root: Root): void => {
    if (scripts && scriptletsOf(installed.facts).includes(name))
      take({ kind: 'scriptlet', installed, name }, root);
  };

  return {
    begin(root) {
      if (!database) return;
      for (const path of [LOCAL_DATABASE, SYNC_DATABASES]) root.put(path, { type: 'directory', mode: 0o755 });
    },
    before(installed, root) {
      if (
        scripts &&
        mode === 'static' &&
        installed.facts.scripts.length > 0 &&
        root.stat('tmp') === undefined
      )
        root.put('tmp', { type: 'directory', mode: 0o1777 });
      scriptlet(installed, 'pre_install', root);
    },
    // libarchive, as pacman uses it, looks no names up: the archive's numbers count.
    owner: ({ uid, gid }) => ({ uid, gid }),
    after(installed, root) {
      scriptlet(installed, 'post_install', root);
    },
    end(root) {
      link(root);
      if (scripts) {
        const plan = planHooks(packages);
        for (const hook of plan.hooks) if (hook.unsatisfied.length === 0) take({ kind: 'hook', hook }, root);
        for (const { path, mode, content } of installFiles(packages, { plan, appliedSteps, pendingSteps }))
          root.put(path, { type: 'file', mode, content });
      }
      if (database) writeLocalDatabase(installation, root);
      return scripts ? { pendingSteps, appliedSteps } : { pendingSteps: [], appliedSteps: [] };
    },
  };
}
