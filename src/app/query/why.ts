import type { Absence, Chain, GraphReport, SetEdge, WhyReport } from '../../model/relation-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import { findPackages } from '../repositories/find-packages.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { findDependents } from './dependents.ts';
import { edgesFrom, type PackageSet, solveAndLink } from './solved-graph.ts';

/** Request of `why`. */
export interface WhyRequest {
  readonly source: SourceOptions;
  /** A package, or a relation: `so:libcurl.so.4` */
  readonly name: string;
  /** Targets of the set */
  readonly targets: readonly string[];
  /** A chain for every relation that requires the package, not only the shortest */
  readonly all: boolean;
}

/**
 * Explains why a package is in the set that a request installs, or what would bring it in.
 * @throws AppError as resolvePackages
 */
export async function why(context: Context, request: WhyRequest): Promise<WhyReport> {
  const { graph, set } = await solveAndLink(context, request.source, request.targets);
  const found = set.find(request.name);
  const chains = found === undefined ? [] : chainsTo(found.name, graph);
  const entry = graph.packages.find(({ name }) => name === found?.name);
  return {
    name: request.name,
    package: entry && { name: entry.name, version: entry.version, repository: entry.repository },
    targets: request.targets,
    setSize: graph.packages.length,
    chains: request.all ? chains : chains.slice(0, 1),
    absence: entry === undefined ? await absenceOf(context, request, set) : undefined,
  };
}

/**
 * Returns, for each relation of the set that the package meets, the shortest chain from a root that ends with it and does not
 * contain the package before; shortest first.
 */
function chainsTo(name: string, { roots, edges }: GraphReport): readonly Chain[] {
  const outgoing = edgesFrom(edges);
  const reachedBy = new Map<string, SetEdge | undefined>(roots.map((root) => [root, undefined]));
  const chains: Chain[] = roots.includes(name) ? [{ root: name, steps: [] }] : [];
  // Breadth first: iterating over a map includes entries that are added meanwhile.
  for (const [from] of reachedBy) {
    if (from === name) continue;
    for (const edge of outgoing.get(from) ?? []) {
      if (edge.to === name) chains.push(chainOf(edge, reachedBy));
      else if (!reachedBy.has(edge.to)) reachedBy.set(edge.to, edge);
    }
  }
  return chains;
}

function chainOf(last: SetEdge, reachedBy: ReadonlyMap<string, SetEdge | undefined>): Chain {
  const steps = [last];
  for (let edge = reachedBy.get(last.from); edge !== undefined; edge = reachedBy.get(edge.from)) {
    steps.unshift(edge);
  }
  return { root: required(steps, 0).from, steps };
}

/** Reports what could bring the package in. */
async function absenceOf(context: Context, request: WhyRequest, set: PackageSet): Promise<Absence> {
  return withLookup(context, request.source, (lookup) => {
    const found = findPackages(lookup, request.name);
    const { packages, dependents } = findDependents(lookup, found, {
      name: request.name,
      depth: 1,
      optional: false,
    });
    const rules = found.packages.map(({ installIf }) => installIf).filter((terms) => terms.length > 0);
    return {
      packages,
      dependents,
      installIf: rules.map((terms) => ({
        rule: terms.join(' '),
        missing: terms.filter((term) => !set.holds(term)),
      })),
    };
  });
}
