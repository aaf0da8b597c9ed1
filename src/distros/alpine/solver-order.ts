import { type Candidate, isProvided, type NameState } from './solver-model.ts';

/**
 * Install order: depth first over world, a package's dependencies in their order, the package, then what its
 * install triggers by install_if.
 */
export function installOrder(world: readonly NameState[]): readonly Candidate[] {
  const order: Candidate[] = [];
  const visited = new Set<Candidate>();
  const stack: Step[] = world.map((name) => ({ kind: 'visit' as const, name })).reverse();
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if (step.kind === 'emit') {
      order.push(step.candidate);
      const triggered = triggeredBy(step.candidate);
      for (const name of triggered.toReversed()) stack.push({ kind: 'check', name });
      continue;
    }
    const candidate = step.name.chosen?.candidate;
    if (candidate === undefined || visited.has(candidate)) continue;
    if (step.kind === 'check' && !holds(candidate, visited)) continue;
    visited.add(candidate);
    stack.push({ kind: 'emit', candidate });
    for (const { relation, name } of candidate.depends.toReversed()) {
      if (!relation.conflict) stack.push({ kind: 'visit', name });
    }
  }
  return order;
}

type Step =
  | { readonly kind: 'visit' | 'check'; readonly name: NameState }
  | { readonly kind: 'emit'; readonly candidate: Candidate };

function triggeredBy(candidate: Candidate): readonly NameState[] {
  const names = [candidate.name, ...candidate.provides.map((provide) => provide.name)];
  return names.flatMap((name) => name.reverseInstallIf.values());
}

/** A package counts from when its own dependencies are begun, as in apk. */
function holds(candidate: Candidate, visited: ReadonlySet<Candidate>): boolean {
  return (
    candidate.installIf.length > 0 &&
    candidate.installIf.every(({ relation, name }) => {
      if (relation.conflict) return true;
      const chosen = name.chosen;
      return chosen !== null && visited.has(chosen.candidate) && isProvided(relation, chosen, candidate);
    })
  );
}
