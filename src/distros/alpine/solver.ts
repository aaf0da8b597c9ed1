import { BLANK_PACKAGE } from '../../model/blank-package.ts';
import type { CatalogPackage, PackageSource, SolveProblem, SolveResult } from '../../model/package.ts';
import type { SolveRequest } from '../resolver.ts';
import type { Change, ChangeRequest, ChangeResult } from '../transaction.ts';
import { checksumBytes } from './checksum.ts';
import { EQUAL, parseRelation, type Relation } from './relation.ts';
import { APK_3, type SolverRules } from './rules.ts';
import { diagnose } from './solver/diagnosis.ts';
import { explain } from './solver/explain.ts';
import { AVAILABLE, LATEST, REMOVE, UPGRADE } from './solver/flags.ts';
import { reportLines } from './solver/report.ts';
import { type Solution, solveProblem } from './solver/solve.ts';
import type { PackageState } from './solver/state.ts';

/** A request for `apk add`, `apk upgrade` or `apk del`. */
export interface ApkChangeRequest extends ChangeRequest {
  /** Relations of `/etc/apk/world` */
  readonly world: readonly string[];
  /** Rules of the apk that is to solve; by default apk 3's */
  readonly rules?: SolverRules;
  /** `targets`: `apk add --upgrade`; `all`: `apk upgrade` */
  readonly upgrade?: 'targets' | 'all';
  /** `--latest`: the newest version, even if it breaks something */
  readonly latest?: boolean;
  /** `--available`: prefer packages of a repository to installed ones, even if they are older */
  readonly available?: boolean;
  /** Names to remove from world: `apk del` */
  readonly remove?: readonly string[];
  /**
   * `--virtual NAME[=VERSION]`: the targets become the dependencies of a new package of this name, which is added to world. The
   * version defaults to 0 (apk uses the current time).
   */
  readonly virtual?: string;
}

/**
 * Returns what `apk add <targets>` would install into an empty root, in install order, or the problems for which it would fail.
 */
export function solve(request: SolveRequest, source: PackageSource, rules: SolverRules = APK_3): SolveResult {
  const result = change({ ...request, rules, installed: [], world: [] }, source);
  if (!result.ok) return result;
  const packages = result.changes.flatMap((entry) => (entry.kind === 'remove' ? [] : [entry]));
  return {
    ok: true,
    packages: packages.map(({ package: entry, reason }) => ({ package: entry, reason })),
    warnings: result.warnings,
  };
}

/**
 * Returns what `apk add <targets>` would do, in apk's order, to a root with the packages `installed` and the world `world`, or
 * the problems for which it would fail. If several targets have one name, the last counts.
 */
export function change(request: ApkChangeRequest, source: PackageSource): ChangeResult {
  const { remove = [], rules = APK_3 } = request;
  const targets = request.targets.map((text) => ({ text, relation: parseRelation(text, rules) }));
  const virtual = request.virtual === undefined ? undefined : parseVirtual(request.virtual, rules);
  const problems = [
    ...(virtual === null ? [badSpecifier(request.virtual ?? '')] : []),
    ...targets.flatMap(({ text, relation }) => {
      if (relation === null || relation.broken) return [notATarget(text, virtual !== undefined, rules)];
      if (relation.tag === '') return [];
      if (virtual !== undefined) return [notATarget(text, true, rules)];
      return source.tags.includes(relation.tag) ? [] : [noSuchTag(relation)];
    }),
  ];
  if (problems.length > 0) return { ok: false, problems, report: requestErrorLines(problems, rules) };
  if (virtual !== undefined && virtual !== null) return changeVirtual(virtual, request, source);
  const world = new Map<string, Relation>();
  for (const text of request.world) {
    const relation = parseRelation(text, rules);
    if (relation !== null && !relation.broken) world.set(relation.name, relation);
  }
  for (const { relation } of targets) if (relation !== null) world.set(relation.name, relation);
  for (const name of remove) world.delete(name);
  const upgrade = (request.upgrade === undefined ? 0 : UPGRADE) | (request.latest === true ? LATEST : 0);
  const wanted = request.upgrade === 'targets' || request.upgrade === undefined;
  const solution = solveProblem({
    source,
    architecture: request.architecture,
    rules,
    world: [...world.values()],
    requested: new Set([...targets.flatMap(({ relation }) => relation?.name ?? []), ...remove]),
    installed: request.installed,
    flags: (wanted ? 0 : upgrade) | (request.available === true ? AVAILABLE : 0),
    requestedFlags: (wanted ? upgrade : 0) | (remove.length > 0 ? REMOVE : 0),
  });
  if (solution.errors === 0) return { ok: true, changes: changesOf(solution, source), warnings: [] };
  const diagnoses = diagnose(solution);
  return {
    ok: false,
    problems: explain(diagnoses, solution),
    report: reportLines(diagnoses, solution.model),
  };
}

/** Parses `NAME` or `NAME=VERSION`; null if it is neither. */
function parseVirtual(text: string, rules: SolverRules): Relation | null {
  const relation = parseRelation(text, rules);
  if (relation === null || relation.broken || relation.conflict || relation.tag !== '') return null;
  return relation.operator === EQUAL || (relation.operator === rules.anyOperator && relation.version === '')
    ? relation
    : null;
}

/** Solves the request with the new package, which is added to the source, as its only target. */
function changeVirtual(
  { name, version: asked }: Relation,
  { virtual: _, ...request }: ApkChangeRequest,
  source: PackageSource,
): ChangeResult {
  const version = asked === '' ? '0' : asked;
  const entry = { ...BLANK_PACKAGE, ...NOWHERE, name, version, depends: request.targets };
  const withIt: PackageSource = {
    ...source,
    byName: (wanted) => (wanted === name ? [...source.byName(name), entry] : source.byName(wanted)),
    *all() {
      yield* source.all();
      yield entry;
    },
    // The graph has an extra package, which only this request has.
    cached: (_kind, make) => make(),
  };
  return change({ ...request, targets: [`${name}=${version}`] }, withIt);
}

/** Place in no repository: apk takes a package with an installed size of 0 from anywhere. */
const NOWHERE = { id: 0, repositoryId: 0, repositoryRank: -2, ordinal: 0, dependents: 0, tag: '' };

function changesOf(solution: Solution, source: PackageSource): readonly Change[] {
  const { changes, world } = solution;
  const explicit = new Set(world.filter(({ conflict }) => !conflict).map(({ name }) => name.chosen?.pkg));
  return changes.flatMap(({ newPkg, oldPkg }): Change[] => {
    if (newPkg === null) return oldPkg === null ? [] : [{ kind: 'remove', old: solution.entryOf(oldPkg) }];
    if (newPkg === oldPkg) return [];
    const entry = catalogEntry(solution, newPkg, source);
    const reason = explicit.has(newPkg) ? 'explicit' : 'dependency';
    return oldPkg === null
      ? [{ kind: 'install', package: entry, reason }]
      : [{ kind: 'replace', package: entry, old: solution.entryOf(oldPkg), reason }];
  });
}

/** Returns a package's entry in the first repository that its tag allows. */
function catalogEntry(
  { model, entryOf }: Solution,
  pkg: PackageState,
  source: PackageSource,
): CatalogPackage {
  const entries = source.byName(pkg.name.text);
  if (entries.length === 1) return entries[0] as CatalogPackage;
  const identity = checksumBytes(entryOf(pkg).checksum);
  const same = entries.filter((entry) =>
    identity === ''
      ? entry.version === pkg.version && entry.checksum === ''
      : checksumBytes(entry.checksum) === identity,
  );
  const allowed = model.repositories.allowedBy(1 << model.repositories.chosenTag(pkg));
  const found = same.find((entry) => (allowed & (1 << entry.repositoryRank)) !== 0) ?? same[0];
  if (found === undefined) throw new Error(`solver: ${pkg.name.text} was chosen and is in no repository`);
  return found;
}

function notATarget(target: string, virtual: boolean, { generation }: SolverRules): SolveProblem {
  const child = generation === '2' ? 'child' : 'package';
  const [what, format] = virtual ? [child, 'name'] : ['world', 'name(@tag)'];
  const message = `'${target}' is not a valid ${what} dependency, format is ${format}([<>~=]version)`;
  return requestProblem({ kind: 'unknown', subject: target, requirement: target, message });
}

/** Lines in which apk reports a bad request: it stops at the first term that it cannot read, and checks tags last. */
function requestErrorLines(
  problems: readonly SolveProblem[],
  { generation }: SolverRules,
): readonly string[] {
  const refused = problems.find(({ kind }) => kind !== 'masked');
  if (refused !== undefined) return [`ERROR: ${refused.message}`];
  return [
    ...problems.map(
      ({ subject }) => `WARNING: The repository tag for world dependency '${subject}' does not exist`,
    ),
    `ERROR: Not committing changes due to missing repository tags.${generation === '2' ? ' Use --force-broken-world to override.' : ''}`,
  ];
}

function badSpecifier(virtual: string): SolveProblem {
  const message = `${virtual}: bad package specifier`;
  return requestProblem({ kind: 'unknown', subject: virtual, requirement: virtual, message });
}

function noSuchTag({ text, name, tag }: Relation): SolveProblem {
  const message = `${text}: no repository has the tag @${tag}`;
  return requestProblem({ kind: 'masked', subject: `${name}@${tag}`, requirement: text, message });
}

function requestProblem(
  parts: Pick<SolveProblem, 'kind' | 'subject' | 'requirement' | 'message'>,
): SolveProblem {
  return { ...parts, chain: ['world'], terms: [], candidates: [] };
}
