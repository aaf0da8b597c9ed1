import type { Root } from '../install.ts';
import { undecided } from '../shared/shell/undecided.ts';

/** Paths that ldconfig(8) writes or removes: its caches, and links to libraries. */
const WRITTEN = /^(?:etc\/ld\.so\.cache|var\/cache\/ldconfig(?:\/.*)?|.*\.so(?:\.[^/]*)?)$/;
/** Folders of libraries: `usr/lib`, `usr/lib32`, and others that `ld.so.conf` may name */
const LIBRARIES = /(?:^|\/)lib[^/]*$/;

/**
 * Returns a view of a root in which ldconfig has not run yet.
 * @throws Undecided (from the view's methods) for paths that ldconfig may change
 */
export function unlinkedRoot(root: Root): Root {
  const check = (path: string): string => {
    if (WRITTEN.test(path)) undecided(`/${path} is ldconfig’s`);
    return path;
  };
  return {
    stat: (path) => root.stat(check(path)),
    read: (path) => root.read(check(path)),
    list(path) {
      if (LIBRARIES.test(path)) undecided(`ldconfig adds to /${path}`);
      return root.list(check(path));
    },
    hasOtherNames: (path) => root.hasOtherNames(check(path)),
    put: (path, entry) => root.put(path, entry),
    link: (existing, path) => root.link(existing, path),
    change: (path, attributes) => root.change(path, attributes),
    remove: (path) => root.remove(path),
  };
}
