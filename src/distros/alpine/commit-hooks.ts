import type { Root } from '../install.ts';
import type { ApkLayout } from './apk-layout.ts';

const OWN_FOLDER = 'etc/apk/commit_hooks.d';
/** Since apk-tools 3.0: those of packages, which a file of the same name in the other folder hides. */
const PACKAGES_FOLDER = 'lib/apk/commit_hooks.d';

/**
 * The programs that apk runs with `post-commit` when the database is written, in the order of their names (apk 2 goes by the
 * order on disk). Before an install into an empty root there are none. Source: apk-tools `commit.c` run_commit_hooks; seen on
 * apk 2.14 and 3.0.6.
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

/** As pending steps and /.pkg/state name it. */
export function hookLabel(path: string): string {
  return `commit hook /${path}`;
}
