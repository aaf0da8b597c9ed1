import type { SolveProblem, SolveTerm } from '../../../model/package.ts';
import type { BrokenPackage, Diagnosis, MissingName } from './diagnosis.ts';
import { provideText } from './report.ts';
import type { Term } from './requirements.ts';
import type { Solution } from './solve.ts';
import type { NameState, PackageState } from './state.ts';
import { dependencyText, labelOf } from './terms.ts';

/** Maximum of candidates in a problem; the whole list for `so:libc…` would bury it. */
const MAX_CANDIDATES = 12;

/**
 * Turns a diagnosis into problems for the user, in the order in which apk reports them; an empty diagnosis gives one problem
 * without a reason.
 */
export function explain(diagnoses: readonly Diagnosis[], solution: Solution): readonly SolveProblem[] {
  const chains = chainsFrom(solution);
  if (diagnoses.length === 0) return [unexplained(solution)];
  return diagnoses.map((diagnosis) =>
    diagnosis.kind === 'name' ? explainName(diagnosis, chains) : explainPackage(diagnosis, chains),
  );
}

type Chains = (owner: PackageState | null) => readonly string[];

/** Finds the shortest chain of requirements from world to each package of the set. */
function chainsFrom({ world, changes }: Solution): Chains {
  const askedBy = new Map<PackageState, PackageState | null>();
  const queue: PackageState[] = [];
  const reach = (name: NameState, by: PackageState | null): void => {
    const pkg = name.chosen?.pkg;
    if (pkg === undefined || askedBy.has(pkg)) return;
    askedBy.set(pkg, by);
    queue.push(pkg);
  };
  for (const { name, conflict } of world) if (!conflict) reach(name, null);
  const waiting = new Set(
    changes.flatMap(({ newPkg }) => (newPkg !== null && newPkg.installIf.length > 0 ? [newPkg] : [])),
  );
  let index = 0;
  const follow = (): void => {
    for (let pkg = queue[index]; pkg !== undefined; pkg = queue[index]) {
      index += 1;
      for (const { name, conflict } of pkg.depends) if (!conflict) reach(name, pkg);
    }
  };
  follow();
  // Packages brought by install_if come last, after those that trigger them.
  for (let known = -1; known < askedBy.size; ) {
    known = askedBy.size;
    for (const pkg of waiting) {
      const trigger = triggerOf(pkg, askedBy);
      if (trigger === undefined) continue;
      waiting.delete(pkg);
      if (askedBy.has(pkg)) continue;
      askedBy.set(pkg, trigger);
      queue.push(pkg);
    }
    follow();
  }
  return (owner) => {
    const chain: string[] = [];
    let link: PackageState | null | undefined = owner;
    for (; link !== null && link !== undefined; link = askedBy.get(link)) chain.unshift(labelOf(link));
    // Undefined: apk kept this package although it gave up the one that required it.
    return link === null ? ['world', ...chain] : chain;
  };
}

function triggerOf(
  pkg: PackageState,
  reached: ReadonlyMap<PackageState, PackageState | null>,
): PackageState | undefined {
  const triggers = pkg.installIf.filter((rule) => !rule.conflict).map((rule) => rule.name.chosen?.pkg);
  return triggers.findLast((other) => other !== undefined && reached.has(other));
}

function toTerms(verdict: SolveTerm['verdict'], terms: readonly Term[], chains: Chains): SolveTerm[] {
  return terms.map(({ owner, dependency }) => ({
    verdict,
    requirement: dependency.written ?? dependencyText(dependency),
    chain: chains(owner),
  }));
}

function explainName({ name, providers, requiredBy }: MissingName, chains: Chains): SolveProblem {
  const terms = toTerms('requires', requiredBy, chains);
  const wanted = wantedBy(terms);
  const message =
    providers.length === 0
      ? `no such package: ${name.text}${wanted}`
      : `${name.text}${wanted}${wanted === '' ? '' : ','} is only provided by packages that are never chosen automatically: name one of ${providers.join(', ')}`;
  return problem({
    kind: providers.length === 0 ? 'unknown' : 'virtual',
    subject: name.text,
    terms,
    message,
    candidates: providers,
  });
}

/** Returns `, needed by git-2.43.0-r0 and 2 more`; empty if the request itself has the requirement. */
function wantedBy(terms: readonly SolveTerm[]): string {
  const owners = [...new Set(terms.map(({ chain }) => chain.at(-1) ?? 'world'))];
  if (owners.includes('world') || owners.length === 0) return '';
  return `, needed by ${owners[0]}${owners.length > 1 ? ` and ${owners.length - 1} more` : ''}`;
}

function explainPackage(broken: BrokenPackage, chains: Chains): SolveProblem {
  const label = labelOf(broken.pkg);
  const breaks = toTerms('breaks', broken.breaks, chains);
  const conflicts = broken.conflicts.map(
    ({ other, provide }): SolveTerm => ({
      verdict: 'conflicts',
      requirement: provide === null ? other.name.text : provideText(provide),
      chain: chains(other),
    }),
  );
  const depends = broken.unreadable.map(
    (dependency): SolveTerm => ({
      verdict: 'depends',
      requirement: dependencyText(dependency),
      chain: chains(broken.pkg),
    }),
  );
  const satisfies = toTerms('satisfies', broken.satisfies, chains);
  const common = {
    subject: label,
    terms: [...depends, ...breaks, ...conflicts, ...satisfies],
    candidates: versionsOf(broken.pkg.name),
  };
  if (broken.uninstallable) {
    return problem({
      ...common,
      kind: 'uninstallable',
      message: `${label} cannot be installed: ${reason(broken)}`,
    });
  }
  const [tag] = broken.maskedIn;
  if (tag !== undefined) {
    const tags = broken.maskedIn.map((name) => `@${name}`).join(', ');
    const message = `${label} is only in a tagged repository (${tags}): request ${broken.pkg.name.text}@${tag}`;
    return problem({ ...common, kind: 'masked', message });
  }
  const [first] = breaks;
  if (first !== undefined) {
    const more = breaks.length > 1 ? ` and ${breaks.length - 1} more` : '';
    const message = `${label} does not satisfy ${askedBy(first)}${more}${kept(satisfies)}`;
    return problem({ ...common, kind: 'version', message });
  }
  return problem({ ...common, kind: 'conflict', message: clash(broken, label) });
}

/** Returns `foo<2, which bar-1 needs` or `foo<2, which you requested`. */
function askedBy({ requirement, chain }: SolveTerm): string {
  const owner = chain.at(-1) ?? 'world';
  return owner === 'world' ? `${requirement}, which you requested` : `${requirement}, which ${owner} needs`;
}

function kept([first]: readonly SolveTerm[]): string {
  return first === undefined ? '' : `, and is needed because of ${askedBy(first)}`;
}

function reason(broken: BrokenPackage): string {
  const { architecture, unusable, unreadable, unreadableProvides, breaks } = broken;
  if (unusable !== undefined) return unusable;
  if (architecture !== '') return `it is built for ${architecture}`;
  const [first] = [
    ...unreadable.map((dependency) => dependencyText(dependency)),
    ...unreadableProvides.map(provideText),
  ];
  if (first !== undefined) return `apk does not accept the version in ${first}`;
  return breaks.length > 0 ? 'its dependencies cannot be satisfied' : 'its index entry requires a newer apk';
}

function clash({ pkg, conflicts }: BrokenPackage, label: string): string {
  const [first] = conflicts;
  if (first === undefined) return `${label} cannot be installed`;
  const { other, provide } = first;
  if (provide === null)
    return `${label} and ${labelOf(other)} are two versions of ${pkg.name.text}: only one can be installed`;
  if (other === pkg) return `${label} provides ${provide.name.text} twice, which conflicts with itself`;
  return `${label} and ${labelOf(other)} both provide ${provide.name.text}: only one can be installed`;
}

function versionsOf(name: NameState): readonly string[] {
  return [...new Set(name.providers.map(({ pkg }) => labelOf(pkg)))];
}

/** Returns a problem without a reason: apk itself finds none for some failures that involve install_if. */
function unexplained({ changes }: Solution): SolveProblem {
  const failed = changes.flatMap(({ newPkg }) => (newPkg?.error === true ? [labelOf(newPkg)] : []));
  return problem({
    kind: 'conflict',
    subject: failed[0] ?? 'world',
    terms: [],
    message: `these packages cannot be installed together: ${failed.join(', ')}`,
    candidates: failed,
  });
}

function problem(parts: Omit<SolveProblem, 'requirement' | 'chain'>): SolveProblem {
  const [first] = parts.terms;
  return {
    ...parts,
    candidates: parts.candidates.slice(0, MAX_CANDIDATES),
    requirement: first?.requirement ?? parts.subject,
    chain: first?.chain ?? ['world'],
  };
}
