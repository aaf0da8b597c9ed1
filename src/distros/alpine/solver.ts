import type { CatalogPackage, PackageSource, SolveProblem, SolveResult } from '../../model/package.ts';
import type { SolveRequest } from '../distro.ts';
import type { Change, ChangeRequest, ChangeResult } from '../transaction.ts';
import { checksumBytes } from './checksum.ts';
import { parseRelation, type Relation } from './relation.ts';
import { explain } from './solver/explain.ts';
import { findings } from './solver/findings.ts';
import { reportLines } from './solver/report.ts';
import { type Solution, solveProblem } from './solver/solve.ts';
import { AVAILABLE, LATEST, type PackageState, REMOVE, UPGRADE } from './solver/state.ts';

/** What `apk add`, `apk upgrade` and `apk del` have in common. */
export interface ApkChangeRequest extends ChangeRequest {
  /** `targets`: `apk add --upgrade`; `all`: `apk upgrade` */
  readonly upgrade?: 'targets' | 'all';
  /** `--latest`: the newest version, even where it breaks something */
  readonly latest?: boolean;
  /** `--available`: prefer what a repository holds over what is installed, older or not */
  readonly available?: boolean;
  /** Names to take out of world: `apk del` */
  readonly remove?: readonly string[];
}

/** What `apk add <targets>` would install into an empty root, in install order, or why it would not. */
export function solve(request: SolveRequest, source: PackageSource): SolveResult {
  const result = change({ ...request, installed: [], world: [] }, source);
  if (!result.ok) return result;
  const packages = result.changes.flatMap((entry) => (entry.kind === 'remove' ? [] : [entry]));
  return {
    ok: true,
    packages: packages.map(({ package: entry, reason }) => ({ package: entry, reason })),
    warnings: result.warnings,
  };
}

/**
 * What `apk add <targets>` would do to a root that holds `installed`, with `world` as its `/etc/apk/world`, in apk's
 * order. One target a name: the last one counts.
 */
export function change(request: ApkChangeRequest, source: PackageSource): ChangeResult {
  const targets = request.targets.map((text) => ({ text, relation: parseRelation(text) }));
  const { remove = [] } = request;
  const problems = targets.flatMap(({ text, relation }) => {
    if (relation === null || relation.broken) return [notATarget(text)];
    return relation.tag === '' || source.tags.includes(relation.tag) ? [] : [noSuchTag(text, relation.tag)];
  });
  if (problems.length > 0) {
    return { ok: false, problems, report: problems.map(({ message }) => `ERROR: ${message}`) };
  }
  const world = new Map<string, Relation>();
  for (const text of request.world) {
    const relation = parseRelation(text);
    if (relation !== null && !relation.broken) world.set(relation.name, relation);
  }
  for (const { relation } of targets) if (relation !== null) world.set(relation.name, relation);
  for (const name of remove) world.delete(name);
  const upgrade = (request.upgrade === undefined ? 0 : UPGRADE) | (request.latest === true ? LATEST : 0);
  const wanted = request.upgrade === 'targets' || request.upgrade === undefined;
  const solution = solveProblem({
    source,
    architecture: request.architecture,
    world: [...world.values()],
    requested: new Set([...targets.flatMap(({ relation }) => relation?.name ?? []), ...remove]),
    installed: request.installed,
    flags: (wanted ? 0 : upgrade) | (request.available === true ? AVAILABLE : 0),
    requestedFlags: (wanted ? upgrade : 0) | (remove.length > 0 ? REMOVE : 0),
  });
  if (solution.errors === 0) return { ok: true, changes: changesOf(solution, source), warnings: [] };
  const found = findings(solution);
  return { ok: false, problems: explain(found, solution), report: reportLines(found, solution.model) };
}

function changesOf(solution: Solution, source: PackageSource): readonly Change[] {
  const { changes, world } = solution;
  const explicit = new Set(world.filter(({ conflict }) => !conflict).map(({ name }) => name.chosen?.one));
  return changes.flatMap(({ one, old }): Change[] => {
    if (one === null) return old === null ? [] : [{ kind: 'remove', old: solution.entryOf(old) }];
    if (one === old) return [];
    const entry = catalogEntry(solution, one, source);
    const reason = explicit.has(one) ? 'explicit' : 'dependency';
    return old === null
      ? [{ kind: 'install', package: entry, reason }]
      : [{ kind: 'replace', package: entry, old: solution.entryOf(old), reason }];
  });
}

/** The package as the first repository that its tag allows describes it. */
function catalogEntry(
  { model, entryOf }: Solution,
  one: PackageState,
  source: PackageSource,
): CatalogPackage {
  const identity = checksumBytes(entryOf(one).checksum);
  const same = source
    .byName(one.name.text)
    .filter((entry) =>
      identity === ''
        ? entry.version === one.version && entry.checksum === ''
        : checksumBytes(entry.checksum) === identity,
    );
  const allowed = model.repositoriesOf(1 << model.chosenTag(one));
  const found = same.find((entry) => (allowed & (1 << entry.repositoryRank)) !== 0) ?? same[0];
  if (found === undefined) throw new Error(`solver: ${one.name.text} was chosen and is in no repository`);
  return found;
}

function notATarget(target: string): SolveProblem {
  const message = `'${target}' is not a valid world dependency, format is name(@tag)([<>~=]version)`;
  return refusal({ kind: 'unknown', subject: target, requirement: target, message });
}

function noSuchTag(target: string, tag: string): SolveProblem {
  const message = `${target}: no repository has the tag @${tag}`;
  return refusal({ kind: 'masked', subject: target, requirement: target, message });
}

function refusal(parts: Pick<SolveProblem, 'kind' | 'subject' | 'requirement' | 'message'>): SolveProblem {
  return { ...parts, chain: ['world'], terms: [], candidates: [] };
}
