import type { IndexPackage } from '../../../model/package.ts';
import { required } from '../../../model/required.ts';
import { CONFLICT } from './graph.ts';
import type { Model } from './model.ts';
import { compareDisplay } from './names.ts';
import type { Dependency, NameState, PackageState } from './state.ts';

/** A requirement and the package that has it; null: world. */
export interface Term {
  readonly owner: PackageState | null;
  readonly dependency: Dependency;
}

/** The packages that a failed solve chose, with their requirements. */
export interface FailedSet {
  readonly model: Model;
  readonly world: readonly Dependency[];
  readonly marked: ReadonlySet<PackageState>;
  /** Returns the package's index entry, like Solution.entryOf. */
  entryOf(pkg: PackageState): IndexPackage;
  /** World has one term per name. */
  readonly worldByName: ReadonlyMap<NameState, Dependency>;
  readonly termsByName: ReadonlyMap<NameState, readonly ChosenTerm[]>;
}

/** Returns whether the package breaks a requirement, without listing all of them: most packages of a failed set break none. */
export function breaksAny(
  { model: { terms }, worldByName, termsByName }: FailedSet,
  pkg: PackageState,
): boolean {
  const names = [pkg.name, ...pkg.provides.map((provide) => provide.name)];
  return names.some((name) => {
    const asked = worldByName.get(name);
    if (asked !== undefined && terms.isSatisfiedBy(asked, null, pkg) === false) return true;
    return (
      termsByName
        .get(name)
        ?.some((term) => terms.isSatisfiedBy(term.dependency, term.owner, pkg) === false) === true
    );
  });
}

/** Lists the requirements on any name of the package: world's, then those of chosen packages. */
export function termsOn(context: FailedSet, pkg: PackageState): readonly JudgedTerm[] {
  const { model, world } = context;
  const own: JudgedTerm[] = [];
  for (const dependency of world) {
    const met = model.terms.isSatisfiedBy(dependency, null, pkg);
    if (met !== undefined) own.push({ owner: null, dependency, met });
  }
  return model.rules.sortsReport ? sortedTerms(context, pkg, own) : [...own, ...termsAsFound(context, pkg)];
}

/** Requirements in apk 2's order: package by package in the order of its reverse lists. */
function termsAsFound({ model, marked }: FailedSet, pkg: PackageState): readonly JudgedTerm[] {
  const found: JudgedTerm[] = [];
  const seen = new Set<PackageState>();
  for (const name of [pkg.name, ...pkg.provides.map((provide) => provide.name)]) {
    for (const dependent of model.reverseDepends(name)) {
      for (const { pkg: owner } of dependent.providers) {
        if (!marked.has(owner) || seen.has(owner)) continue;
        seen.add(owner);
        for (const dependency of owner.depends) {
          const met = model.terms.isSatisfiedBy(dependency, owner, pkg);
          if (met !== undefined) found.push({ owner, dependency, met });
        }
      }
    }
  }
  return found;
}

/** Requirements in apk 3's order: sorted by operator and by name. */
function sortedTerms(
  { model: { terms, rules }, termsByName }: FailedSet,
  pkg: PackageState,
  own: JudgedTerm[],
): readonly JudgedTerm[] {
  own.sort((a, b) => operatorRank(a.dependency) - operatorRank(b.dependency));
  const others: (JudgedTerm & ChosenTerm)[] = [];
  const metAs = new Map<PackageState, number>();
  for (const name of new Set([pkg.name, ...pkg.provides.map((provide) => provide.name)])) {
    for (const term of termsByName.get(name) ?? []) {
      if (!metAs.has(term.owner)) metAs.set(term.owner, metAs.size);
      others.push({ ...term, met: terms.isSatisfiedBy(term.dependency, term.owner, pkg) === true });
    }
  }
  others.sort(
    (a, b) =>
      compareDisplay(a.owner.name.text, b.owner.name.text) ||
      rules.compareVersions(a.owner.version, b.owner.version) ||
      operatorRank(a.dependency) - operatorRank(b.dependency) ||
      required(metAs, a.owner) - required(metAs, b.owner) ||
      a.place - b.place,
  );
  return [...own, ...others];
}

/** A requirement with whether the package in question meets it. */
export interface JudgedTerm extends Term {
  readonly met: boolean;
}

/** A dependency of a chosen package. */
interface ChosenTerm extends Term {
  readonly owner: PackageState;
  /** Its place in the package's list */
  readonly place: number;
}

/** Groups the dependencies of the chosen packages by the required name. */
export function termsOf(chosen: readonly PackageState[]): ReadonlyMap<NameState, readonly ChosenTerm[]> {
  const terms = new Map<NameState, ChosenTerm[]>();
  for (const owner of chosen) {
    for (const [place, dependency] of owner.depends.entries()) {
      const list = terms.get(dependency.name);
      if (list === undefined) terms.set(dependency.name, [{ owner, dependency, place }]);
      else list.push({ owner, dependency, place });
    }
  }
  return terms;
}

/** Rank of a term's operator in apk's order: by its bits, `!` highest. */
function operatorRank({ operator, conflict }: Dependency): number {
  return operator + (conflict ? CONFLICT : 0);
}
