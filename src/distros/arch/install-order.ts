import type { IndexPackage } from '../../model/package.ts';
import { PackageList } from './package-list.ts';
import type { RelationCache } from './relation.ts';

/**
 * Sorts packages for installation as libalpm's _alpm_sortbydeps does: depth first from each package in list order, dependencies
 * before the package. The dependencies of a package are visited in list order, not in the order of its depends. A cycle is
 * entered where it is met, without a warning, as in pacman 7.
 * @param installed packages that stay: two packages of the list may depend on each other through them
 */
export function installOrder<Entry extends IndexPackage>(
  packages: readonly Entry[],
  installed: PackageList<IndexPackage>,
  relations: RelationCache,
): Entry[] {
  const { vertices, children } = dependencyGraph(packages, installed, relations);
  const touched = new Set<number>();
  const ordered: Entry[] = [];
  for (let root = 0; root < vertices.length; root += 1) {
    if (touched.has(root)) continue;
    touched.add(root);
    const stack = [{ vertex: root, next: 0 }];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const child = children[frame.vertex]?.[frame.next];
      frame.next += 1;
      if (child === undefined) {
        stack.pop();
        const done = packages[frame.vertex];
        if (done !== undefined) ordered.push(done);
      } else if (!touched.has(child)) {
        touched.add(child);
        stack.push({ vertex: child, next: 0 });
      }
    }
  }
  return ordered;
}

/**
 * Builds the graph of dependencies. Installed packages are vertices after the others, in the order in which something depends on
 * them.
 */
function dependencyGraph(
  packages: readonly IndexPackage[],
  installed: PackageList<IndexPackage>,
  relations: RelationCache,
): { readonly vertices: readonly IndexPackage[]; readonly children: readonly (readonly number[])[] } {
  const list = new PackageList<IndexPackage>(relations, packages);
  const vertices = list.packages;
  const children: number[][] = [];
  for (let vertex = 0; vertex < vertices.length; vertex += 1) {
    const wanted = (vertices[vertex]?.depends ?? []).map((text) => relations.get(text));
    const found = new Set(wanted.flatMap((relation) => [...list.satisfiers(relation)]));
    const known = [...found].sort((a, b) => a - b);
    const met = new Set(wanted.flatMap((relation) => [...installed.satisfiers(relation)]));
    for (const position of [...met].sort((a, b) => a - b)) {
      const entry = installed.packages[position];
      if (entry === undefined || list.named(entry.name) !== undefined) continue;
      known.push(vertices.length);
      list.add(entry);
    }
    children.push(known);
  }
  return { vertices, children };
}
