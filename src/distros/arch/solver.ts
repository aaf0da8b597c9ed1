import { AppError } from '../../model/app-error.ts';
import type { CatalogPackage, PackageSource, SolveProblem, SolveResult } from '../../model/package.ts';
import type { SolveRequest } from '../distro.ts';
import { removeConflicting } from './conflicts.ts';
import { SyncDatabases } from './databases.ts';
import { installOrder } from './install-order.ts';
import { PackageList } from './package-list.ts';
import { explainMissing, explainUnknownTarget, fullName } from './problems.ts';
import { parseRelation, RelationCache } from './relation.ts';

/** Real chains stay below 100; the limit keeps a hostile index from exhausting the stack. */
const MAX_DEPTH = 2000;
/** What fails in one context is tried again in the next, which a hostile index can make exponential. */
const MAX_STEPS = 2_000_000;

/**
 * What `pacman -S` into an empty root would install, and in which order (libalpm sync.c, deps.c): targets, then
 * their dependencies one target at a time, then conflicts, then the install order.
 */
export function solve(request: SolveRequest, source: PackageSource): SolveResult {
  const relations = new RelationCache();
  const databases = new SyncDatabases(source, relations);
  const targets = findTargets(request, databases, relations);
  if (targets.problems.length > 0) return failure(targets.problems);

  const resolution = new Resolution(databases, targets.list, relations);
  for (const target of targets.list.packages) resolution.resolve(target);
  if (resolution.problems.length > 0) return failure(resolution.problems);

  const checked = removeConflicting(resolution.resolved.packages, relations);
  if (checked.problem !== undefined) return failure([checked.problem]);
  const problems = [
    ...missingAmong(checked.packages, databases, relations),
    ...foreignAmong(checked.packages, request.architecture),
  ];
  if (problems.length > 0) return failure(problems);
  return {
    ok: true,
    packages: installOrder(checked.packages, relations).map((entry) => ({
      package: entry,
      reason: targets.list.named(entry.name) === undefined ? 'dependency' : 'explicit',
    })),
    warnings: checked.warnings,
  };
}

function failure(problems: readonly SolveProblem[]): SolveResult {
  return { ok: false, problems, report: problems.map(({ message }) => `error: ${message}`) };
}

/** A name or provision from the databases in order, else a group with all its members; `repo/…` asks one database. */
function findTargets(
  request: SolveRequest,
  databases: SyncDatabases,
  relations: RelationCache,
): { list: PackageList; problems: SolveProblem[] } {
  const list = new PackageList(relations);
  const problems: SolveProblem[] = [];
  for (const target of request.targets) {
    const slash = target.indexOf('/');
    const repository = target.slice(0, Math.max(slash, 0));
    const rank = slash < 0 ? undefined : (request.repositoryNames ?? []).indexOf(repository);
    const wanted = parseRelation(target.slice(slash + 1));
    const found = databases.find(wanted, undefined, rank);
    const members = found === undefined ? databases.group(target.slice(slash + 1), rank) : [found];
    if (members.length === 0) problems.push(explainUnknownTarget(target, wanted, databases));
    for (const member of members) {
      const known = list.named(member.name);
      if (known === undefined) list.add(member);
      else if (known.id !== member.id) {
        problems.push({
          kind: 'conflict',
          subject: fullName(member),
          requirement: target,
          chain: ['world'],
          terms: [{ verdict: 'conflicts', requirement: target, chain: ['world'] }],
          message: `${target} asks for ${fullName(member)}, but ${fullName(known)} of another repository was asked for as well`,
          candidates: [fullName(known), fullName(member)],
        });
      }
    }
  }
  return { list, problems };
}

/** libalpm's _alpm_resolvedeps over an empty local database. */
class Resolution {
  readonly resolved: PackageList;
  readonly problems: SolveProblem[] = [];
  readonly #databases: SyncDatabases;
  readonly #targets: PackageList;
  readonly #relations: RelationCache;
  readonly #chain: CatalogPackage[] = [];
  readonly #reported = new Set<string>();
  /** Packages that cannot be resolved in any context: some requirement has no candidate, or doomed ones only. */
  readonly #doomed = new Set<number>();
  #steps = 0;

  constructor(databases: SyncDatabases, targets: PackageList, relations: RelationCache) {
    this.#databases = databases;
    this.#targets = targets;
    this.#relations = relations;
    this.resolved = new PackageList(relations);
  }

  /** Adds the package and what it needs; on failure adds nothing, but reports every requirement without an answer. */
  resolve(entry: CatalogPackage): boolean {
    if (this.resolved.named(entry.name) !== undefined) return true;
    if (this.#doomed.has(entry.id)) return false;
    this.#count();
    const before = this.resolved.packages.length;
    this.resolved.add(entry);
    this.#chain.push(entry);
    let complete = true;
    for (const text of entry.depends) {
      const wanted = this.#relations.get(text);
      if (this.#relations.satisfies(entry, wanted)) continue;
      if (this.resolved.firstSatisfier(wanted) !== undefined) continue;
      const choice = this.#targets.firstSatisfier(wanted) ?? this.#databases.find(wanted, this.resolved);
      if (choice !== undefined && this.resolve(choice)) continue;
      if (choice === undefined) this.#report(text);
      complete = false;
      if (this.#databases.candidates(wanted).every(({ id }) => this.#doomed.has(id))) {
        this.#doomed.add(entry.id);
      }
    }
    this.#chain.pop();
    if (!complete) this.resolved.truncate(before);
    return complete;
  }

  #report(requirement: string): void {
    const requirer = this.#chain.at(-1);
    const key = `${requirer?.id} ${requirement}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.problems.push(explainMissing(requirement, this.#chain, this.#databases));
  }

  #count(): void {
    this.#steps += 1;
    if (this.#steps <= MAX_STEPS && this.#chain.length < MAX_DEPTH) return;
    throw new AppError(
      'LIMIT',
      `the dependencies of ${this.#chain[0]?.name} are too deep or too many: expected at most ${MAX_DEPTH} levels and ${MAX_STEPS} steps`,
    );
  }
}

/** alpm_checkdeps: removing a conflicting package may have left a requirement without an answer. */
function missingAmong(
  packages: readonly CatalogPackage[],
  databases: SyncDatabases,
  relations: RelationCache,
): SolveProblem[] {
  const list = new PackageList(relations, packages);
  return packages.flatMap((entry) =>
    entry.depends
      .filter((text) => list.firstSatisfier(relations.get(text)) === undefined)
      .map((text) => explainMissing(text, [entry], databases)),
  );
}

function foreignAmong(packages: readonly CatalogPackage[], architecture: string): SolveProblem[] {
  return packages
    .filter((entry) => !['', 'any', architecture].includes(entry.architecture))
    .map((entry) => ({
      kind: 'uninstallable',
      subject: fullName(entry),
      requirement: entry.name,
      chain: ['world'],
      terms: [{ verdict: 'depends', requirement: entry.name, chain: ['world'] }],
      message: `${fullName(entry)} is for ${entry.architecture}: expected ${architecture} or any`,
      candidates: [fullName(entry)],
    }));
}
