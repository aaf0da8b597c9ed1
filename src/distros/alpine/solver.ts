import type { PackageSource, SolveProblem, SolveResult } from '../../model/package.ts';
import type { SolveRequest } from '../distro.ts';
import { parseRelation, type Relation } from './relation.ts';
import { Discovery } from './solver-discovery.ts';
import { Engine } from './solver-engine.ts';
import { explain } from './solver-explain.ts';
import type { Dependency } from './solver-model.ts';
import { installOrder } from './solver-order.ts';

/**
 * What `apk add <targets>` would install into an empty root, in install order, or why it would not. One target a
 * name: the last one counts. Reads only what the targets lead to.
 */
export function solve(request: SolveRequest, source: PackageSource): SolveResult {
  const { relations, problems } = parseTargets(request.targets);
  if (problems.length > 0) return { ok: false, problems };
  const discovery = new Discovery(source, request.architecture);
  const world: Dependency[] = relations.map((relation) => ({
    relation,
    name: discovery.name(relation.name),
  }));
  const engine = new Engine(discovery);
  engine.run(world);
  if (engine.errors.length > 0) return { ok: false, problems: explain(engine.errors) };
  const wanted = new Set(
    world.filter(({ relation }) => !relation.conflict).map(({ name }) => name.chosen?.candidate),
  );
  const order = installOrder(world.filter(({ relation }) => !relation.conflict).map(({ name }) => name));
  return {
    ok: true,
    packages: order.map((candidate) => ({
      package: candidate.package,
      reason: wanted.has(candidate) ? 'explicit' : 'dependency',
    })),
    warnings: [],
  };
}

function parseTargets(targets: readonly string[]): { relations: Relation[]; problems: SolveProblem[] } {
  const byName = new Map<string, Relation>();
  const problems: SolveProblem[] = [];
  for (const target of targets) {
    const relation = parseRelation(target);
    if (relation === null || relation.broken) {
      problems.push({
        kind: 'unknown',
        requirement: target,
        chain: ['world'],
        message: `${JSON.stringify(target)} is no package: expected NAME, NAME@tag or NAME<op>VERSION with <op> of < <= = >= > ~`,
        candidates: [],
      });
    } else byName.set(relation.name, relation);
  }
  const relations = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { relations, problems };
}
