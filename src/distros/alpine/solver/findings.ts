import { whyUnusable } from '../../../model/unusable.ts';
import { CONFLICT, FOREIGN_ARCHITECTURE } from './graph.ts';
import type { Model } from './model.ts';
import { compareDisplay } from './names.ts';
import { Presence } from './presence.ts';
import type { Solution } from './solve.ts';
import type { Dependency, NameState, PackageState, Provide } from './state.ts';
import { labelOf } from './terms.ts';

/** A requirement, and the package that has it; null: world. */
export interface Term {
  readonly owner: PackageState | null;
  readonly dependency: Dependency;
}

/** What apk reports of a name that nothing in the failed set answers. */
export interface MissingName {
  readonly kind: 'name';
  readonly name: NameState;
  /** Packages that would have to be asked for; empty: there is no such package */
  readonly providers: readonly string[];
  readonly requiredBy: readonly Term[];
}

/** What apk reports of a package that cannot be where it was chosen. */
export interface BrokenPackage {
  readonly kind: 'package';
  readonly one: PackageState;
  readonly uninstallable: boolean;
  /** Why its record in the index cannot be used; empty: it can */
  readonly unusable: string;
  /** The word of an architecture that it is built for and the request is not; empty: it may be installed */
  readonly architecture: string;
  /** Its own terms that apk cannot read */
  readonly unreadable: readonly Dependency[];
  readonly unreadableProvides: readonly Provide[];
  /** `@tag`s of the repositories it is masked in */
  readonly maskedIn: readonly string[];
  readonly conflicts: readonly { readonly other: PackageState; readonly provide: Provide | null }[];
  readonly breaks: readonly Term[];
  readonly satisfies: readonly Term[];
}

export type Finding = MissingName | BrokenPackage;

/** What is wrong with the set of packages that a failed solve ended with, in the order apk reports it. */
export function findings({ model, world, changes, entryOf }: Solution): readonly Finding[] {
  const chosen = changes.flatMap(({ one }) => (one === null ? [] : [one]));
  const marked = new Set(chosen);
  const presence = new Presence(model, marked);
  presence.walk(world);
  const context = {
    model,
    world,
    marked,
    entryOf,
    worldByName: new Map(world.map((term) => [term.name, term])),
    termsByName: termsOf(chosen),
  };
  const reported = new Set<NameState>();
  const found: Finding[] = [];
  const missing = (dependencies: readonly Dependency[]): void => {
    for (const { name, conflict } of dependencies) {
      if (conflict || presence.has(name) || reported.has(name)) continue;
      reported.add(name);
      found.push(missingName(context, name));
    }
  };
  missing(world);
  for (const one of chosen) {
    const broken = brokenPackage(context, one);
    if (broken !== undefined) found.push(broken);
    missing(one.depends);
  }
  return found;
}

interface FailedSet {
  readonly model: Model;
  readonly world: readonly Dependency[];
  readonly marked: ReadonlySet<PackageState>;
  readonly entryOf: Solution['entryOf'];
  /** World has one term a name. */
  readonly worldByName: ReadonlyMap<NameState, Dependency>;
  readonly termsByName: ReadonlyMap<NameState, readonly ChosenTerm[]>;
}

function missingName({ model, world, marked }: FailedSet, name: NameState): MissingName {
  const requiredBy: Term[] = world
    .filter((term) => term.name === name && !term.conflict)
    .map((dependency) => ({ owner: null, dependency }));
  const seen = new Set<PackageState>();
  for (const dependent of model.dependentNames(name)) {
    for (const { one } of dependent.providers) {
      if (!marked.has(one) || seen.has(one)) continue;
      seen.add(one);
      const dependency = one.depends.find((other) => other.name === name && !other.conflict);
      if (dependency !== undefined) requiredBy.push({ owner: one, dependency });
      // apk 2 looks no further than the first package that goes by a name.
      if (dependency !== undefined || !model.rules.sortsReport) break;
    }
  }
  return { kind: 'name', name, providers: providersOf(name), requiredBy };
}

/** Names of packages all of whose versions provide the name, else `name-version`. */
function providersOf(name: NameState): readonly string[] {
  const counts = new Map<NameState, number>();
  for (const { one } of name.providers) counts.set(one.name, (counts.get(one.name) ?? 0) + 1);
  const labels: string[] = [];
  for (const { one } of name.providers) {
    const count = counts.get(one.name) ?? 0;
    if (count === one.name.providers.length) {
      labels.push(one.name.text);
      counts.set(one.name, 0);
    } else if (count > 0) {
      labels.push(labelOf(one));
      counts.set(one.name, count - 1);
    }
  }
  return labels;
}

function brokenPackage(context: FailedSet, one: PackageState): BrokenPackage | undefined {
  const { model, entryOf } = context;
  const masked = maskedIn(model, one);
  const conflicts = conflictsOf(context, one);
  const wrong = one.uninstallable || masked.length > 0 || conflicts.length > 0 || breaksAny(context, one);
  if (!wrong) return undefined;
  const terms = termsOn(context, one);
  return {
    kind: 'package',
    one,
    uninstallable: one.uninstallable,
    unusable: one.uninstallable ? whyUnusable(entryOf(one)) : '',
    architecture: isForeign(model, one) ? entryOf(one).architecture : '',
    unreadable: one.uninstallable ? one.depends.filter((dependency) => dependency.broken) : [],
    unreadableProvides: one.uninstallable
      ? one.provides.filter(({ version }) => version !== '' && !model.rules.isValidVersion(version))
      : [],
    maskedIn: masked,
    conflicts,
    breaks: terms.filter(({ met }) => !met),
    satisfies: terms.filter(({ met }) => met),
  };
}

/** Most packages of a failed set meet all that is asked of them: this is known without listing it. */
function breaksAny({ model: { terms }, worldByName, termsByName }: FailedSet, one: PackageState): boolean {
  const names = [one.name, ...one.provides.map((provide) => provide.name)];
  return names.some((name) => {
    const asked = worldByName.get(name);
    if (asked !== undefined && terms.metBy(asked, null, one) === false) return true;
    return (
      termsByName.get(name)?.some((term) => terms.metBy(term.dependency, term.owner, one) === false) === true
    );
  });
}

function isForeign({ graph }: Model, { id }: PackageState): boolean {
  return ((graph.packageFlags[id] as number) & FOREIGN_ARCHITECTURE) !== 0;
}

function maskedIn(model: Model, one: PackageState): readonly string[] {
  if (one.installed) return [];
  const tag = model.chosenTag(one);
  if ((one.repositories & model.repositoriesOf(1 | (1 << tag))) !== 0) return [];
  return model.tags.filter((_, index) => (one.repositories & model.repositoriesOf(1 << index)) !== 0);
}

function conflictsOf({ marked }: FailedSet, one: PackageState): BrokenPackage['conflicts'] {
  const conflicts: { other: PackageState; provide: Provide | null }[] = [];
  for (const { one: other } of one.name.providers) {
    if (other !== one && marked.has(other)) conflicts.push({ other, provide: null });
  }
  for (const provide of one.provides) {
    let self = false;
    for (const { one: other, version } of provide.name.providers) {
      if (!marked.has(other) || (provide.version === '' && version === '')) continue;
      if (!self && other === one && version === provide.version) self = true;
      else conflicts.push({ other, provide });
    }
  }
  return conflicts;
}

/** Requirements on any name of the package: world's, then those of chosen packages. */
function termsOn(context: FailedSet, one: PackageState): readonly JudgedTerm[] {
  const { model, world } = context;
  const own: JudgedTerm[] = [];
  for (const dependency of world) {
    const met = model.terms.metBy(dependency, null, one);
    if (met !== undefined) own.push({ owner: null, dependency, met });
  }
  return model.rules.sortsReport ? sortedTerms(context, one, own) : [...own, ...termsAsFound(context, one)];
}

/** As apk 2 comes across them: package after package in the order of its reverse lists. */
function termsAsFound({ model, marked }: FailedSet, one: PackageState): readonly JudgedTerm[] {
  const found: JudgedTerm[] = [];
  const seen = new Set<PackageState>();
  for (const name of [one.name, ...one.provides.map((provide) => provide.name)]) {
    for (const dependent of model.dependentNames(name)) {
      for (const { one: owner } of dependent.providers) {
        if (!marked.has(owner) || seen.has(owner)) continue;
        seen.add(owner);
        for (const dependency of owner.depends) {
          const met = model.terms.metBy(dependency, owner, one);
          if (met !== undefined) found.push({ owner, dependency, met });
        }
      }
    }
  }
  return found;
}

/** As apk 3 prints them: sorted by operator and by name. */
function sortedTerms(
  { model: { terms, rules }, termsByName }: FailedSet,
  one: PackageState,
  own: JudgedTerm[],
): readonly JudgedTerm[] {
  own.sort((a, b) => operatorRank(a.dependency) - operatorRank(b.dependency));
  const others: (JudgedTerm & ChosenTerm)[] = [];
  const metAs = new Map<PackageState, number>();
  for (const name of new Set([one.name, ...one.provides.map((provide) => provide.name)])) {
    for (const term of termsByName.get(name) ?? []) {
      if (!metAs.has(term.owner)) metAs.set(term.owner, metAs.size);
      others.push({ ...term, met: terms.metBy(term.dependency, term.owner, one) === true });
    }
  }
  others.sort(
    (a, b) =>
      compareDisplay(a.owner.name.text, b.owner.name.text) ||
      rules.compareVersions(a.owner.version, b.owner.version) ||
      operatorRank(a.dependency) - operatorRank(b.dependency) ||
      (metAs.get(a.owner) as number) - (metAs.get(b.owner) as number) ||
      a.place - b.place,
  );
  return [...own, ...others];
}

interface JudgedTerm extends Term {
  readonly met: boolean;
}

/** A dependency of a chosen package. */
interface ChosenTerm extends Term {
  readonly owner: PackageState;
  /** In the package's list */
  readonly place: number;
}

function termsOf(chosen: readonly PackageState[]): ReadonlyMap<NameState, readonly ChosenTerm[]> {
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

/** apk sorts terms by the bits of their operator, `!` highest. */
function operatorRank({ operator, conflict }: Dependency): number {
  return operator + (conflict ? CONFLICT : 0);
}
