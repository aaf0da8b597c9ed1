import type { Root } from '../install.ts';
import type { ApkLayout } from './apk-layout.ts';

const OWN_FOLDER = 'etc/apk/commit_hooks.d';
/** Hooks of packages, since apk-tools 3.0; a file of the same name in the other folder hides one. */
const PACKAGES_FOLDER = 'lib/apk/commit_hooks.d';

/**
 * Returns the paths of the programs that apk runs with `post-commit` once the database is written, sorted by name (apk 2 uses the
 * order on disk). An empty root has no `pre-commit` hooks. Source: apk-tools `commit.c` run_commit_hooks; seen on apk 2.14 and
 * 3.0.6.
 */
export function commitHooks(
  root: Root,
  { packageHooks }: Pick<ApkLayout, 'packageHooks'>,
): readonly string[] {
  const byName = new Map<string, string>();
  for (const folder of packageHooks ? [PACKAGES_FOLDER, OWN_FOLDER] : [OWN_FOLDER])
    for (const name of root.list(folder)) if (!name.startsWith('.')) byName.set(name, `${folder}/${name}`);
  const inOrder = [...byName].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return inOrder.map(([, path]) => path);
}

/** Returns the name of a hook's step in InstallerResult and in `/.pkg/state`. */
export function hookLabel(path: string): string {
  return `commit hook /${path}`;
}
