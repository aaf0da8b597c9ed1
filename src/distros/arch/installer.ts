import type { Installation, InstalledPackage, Installer, Root } from '../install.ts';
import { planHooks } from './hooks.ts';
import { installFiles } from './install-files.ts';
import { scriptletsOf, stepName } from './install-script.ts';
import { applyKnownStep, type InstallStep } from './known-step.ts';
import { LOCAL_DATABASE, SYNC_DATABASES, writeLocalDatabase } from './local-db.ts';
import { unlinkedRoot } from './unlinked-root.ts';

/**
 * Returns the installer that adds what pacman makes besides the packages' files: its database and, in its order, the effects of
 * scriptlets, ldconfig and hooks. It does not add what depends on the run: `var/log/pacman.log`, the cache of archives, the
 * databases in `var/lib/pacman/sync` and the lock `var/lib/pacman/db.lck`.
 */
export function installer(installation: Installation): Installer {
  const { packages, scripts, database, mode } = installation;
  const appliedSteps: string[] = [];
  const pendingSteps: string[] = [];
  let unknown = mode !== 'static';
  let linked = true;

  /** Applies a step or leaves it pending; after a pending step, the root that the next one would find is not known. */
  const take = (step: InstallStep, root: Root): void => {
    if (!unknown && applyKnownStep(step, linked ? root : unlinkedRoot(root), packages) === undefined) {
      appliedSteps.push(stepName(step));
      return;
    }
    pendingSteps.push(stepName(step));
    unknown = true;
  };
  /** Runs ldconfig, which pacman does even without scripts; after a pending step it has to run again. */
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
    // pacman has libarchive use the archive's numbers and never look names up.
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
