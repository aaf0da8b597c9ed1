import type { CatalogPackage } from '../../model/package.ts';
import { PackageList } from './package-list.ts';
import type { RelationCache } from './relation.ts';

/**
 * libalpm's _alpm_sortbydeps: depth-first from each package in list order, what it depends on before it. The
 * children of a package are visited in list order, not in the order of its depends. A cycle is entered where it is
 * met; nothing is warned about, as in pacman 7.
 */
export function installOrder(
  packages: readonly CatalogPackage[],
  relations: RelationCache,
): CatalogPackage[] {
  const list = new PackageList(relations, packages);
  const touched = new Set<number>();
  const ordered: CatalogPackage[] = [];
  for (let root = 0; root < packages.length; root += 1) {
    if (touched.has(root)) continue;
    const stack = [{ vertex: root, children: childrenOf(list, root, relations), next: 0 }];
    touched.add(root);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const child = frame.children[frame.next];
      frame.next += 1;
      if (child === undefined) {
        stack.pop();
        const done = packages[frame.vertex];
        if (done !== undefined) ordered.push(done);
      } else if (!touched.has(child)) {
        touched.add(child);
        stack.push({ vertex: child, children: childrenOf(list, child, relations), next: 0 });
      }
    }
  }
  return ordered;
}

function childrenOf(list: PackageList, vertex: number, relations: RelationCache): number[] {
  const children = new Set<number>();
  for (const text of list.packages[vertex]?.depends ?? []) {
    for (const position of list.satisfiers(relations.get(text))) children.add(position);
  }
  return [...children].sort((a, b) => a - b);
}
