import { whyUnusable } from '../../../model/unusable.ts';
import { FOREIGN_ARCHITECTURE } from './graph.ts';
import type { Model } from './model.ts';
import { Presence } from './presence.ts';
import { breaksAny, type FailedSet, type Term, termsOf, termsOn } from './requirements.ts';
import type { Solution } from './solve.ts';
import type { Dependency, NameState, PackageState, Provide } from './state.ts';
import { labelOf } from './terms.ts';

/** A name for which the failed set has no package. */
export interface MissingName {
  readonly kind: 'name';
  readonly name: NameState;
  /** Packages that would have to be requested by name; empty: there is no such package */
  readonly providers: readonly string[];
  readonly requiredBy: readonly Term[];
}

/** A chosen package that cannot be installed. */
export interface BrokenPackage {
  readonly kind: 'package';
  readonly pkg: PackageState;
  readonly uninstallable: boolean;
  /** Reason why its index record cannot be used; undefined if it can */
  readonly unusable: string | undefined;
  /** Word of its architecture, if that is not the request's; otherwise empty */
  readonly architecture: string;
  /** Its dependencies that apk cannot read */
  readonly unreadable: readonly Dependency[];
  readonly unreadableProvides: readonly Provide[];
  /** Tags of the repositories that have it, if the request uses none of these */
  readonly maskedIn: readonly string[];
  readonly conflicts: readonly { readonly other: PackageState; readonly provide: Provide | null }[];
  readonly breaks: readonly Term[];
  readonly satisfies: readonly Term[];
}

/** An item of apk's report of a failure. */
export type Diagnosis = MissingName | BrokenPackage;

/**
 * Lists what is wrong with the packages that a failed solve chose, in the order in which apk reports it (apk-tools src/commit.c
 * analyze_package, analyze_missing_name).
 */
export function diagnose({ model, world, changes, entryOf }: Solution): readonly Diagnosis[] {
  const chosen = changes.flatMap(({ newPkg }) => (newPkg === null ? [] : [newPkg]));
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
  const diagnoses: Diagnosis[] = [];
  const missing = (dependencies: readonly Dependency[]): void => {
    for (const { name, conflict } of dependencies) {
      if (conflict || presence.has(name) || reported.has(name)) continue;
      reported.add(name);
      diagnoses.push(missingName(context, name));
    }
  };
  missing(world);
  for (const pkg of chosen) {
    const broken = brokenPackage(context, pkg);
    if (broken !== undefined) diagnoses.push(broken);
    missing(pkg.depends);
  }
  return diagnoses;
}

function missingName({ model, world, marked }: FailedSet, name: NameState): MissingName {
  const requiredBy: Term[] = world
    .filter((term) => term.name === name && !term.conflict)
    .map((dependency) => ({ owner: null, dependency }));
  const seen = new Set<PackageState>();
  for (const dependent of model.reverseDepends(name)) {
    for (const { pkg } of dependent.providers) {
      if (!marked.has(pkg) || seen.has(pkg)) continue;
      seen.add(pkg);
      const dependency = pkg.depends.find((other) => other.name === name && !other.conflict);
      if (dependency !== undefined) requiredBy.push({ owner: pkg, dependency });
      // apk 2 looks only at the first package with the name.
      if (dependency !== undefined || !model.rules.sortsReport) break;
    }
  }
  return { kind: 'name', name, providers: providersOf(name), requiredBy };
}

/** Returns the packages that provide the name: `name` if all its versions do, else `name-version`. */
function providersOf(name: NameState): readonly string[] {
  const counts = new Map<NameState, number>();
  for (const { pkg } of name.providers) counts.set(pkg.name, (counts.get(pkg.name) ?? 0) + 1);
  const labels: string[] = [];
  for (const { pkg } of name.providers) {
    const count = counts.get(pkg.name) ?? 0;
    if (count === pkg.name.providers.length) {
      labels.push(pkg.name.text);
      counts.set(pkg.name, 0);
    } else if (count > 0) {
      labels.push(labelOf(pkg));
      counts.set(pkg.name, count - 1);
    }
  }
  return labels;
}

function brokenPackage(context: FailedSet, pkg: PackageState): BrokenPackage | undefined {
  const { model, entryOf } = context;
  const masked = maskedIn(model, pkg);
  const conflicts = conflictsOf(context, pkg);
  const wrong = pkg.uninstallable || masked.length > 0 || conflicts.length > 0 || breaksAny(context, pkg);
  if (!wrong) return undefined;
  const terms = termsOn(context, pkg);
  return {
    kind: 'package',
    pkg,
    uninstallable: pkg.uninstallable,
    unusable: pkg.uninstallable ? whyUnusable(entryOf(pkg)) : undefined,
    architecture: isForeign(model, pkg) ? entryOf(pkg).architecture : '',
    unreadable: pkg.uninstallable ? pkg.depends.filter((dependency) => dependency.broken) : [],
    unreadableProvides: pkg.uninstallable
      ? pkg.provides.filter(({ version }) => version !== '' && !model.rules.isValidVersion(version))
      : [],
    maskedIn: masked,
    conflicts,
    breaks: terms.filter(({ met }) => !met),
    satisfies: terms.filter(({ met }) => met),
  };
}

function isForeign({ graph }: Model, { id }: PackageState): boolean {
  return ((graph.packageFlags[id] as number) & FOREIGN_ARCHITECTURE) !== 0;
}

function maskedIn(model: Model, pkg: PackageState): readonly string[] {
  if (pkg.installed) return [];
  const tag = model.repositories.chosenTag(pkg);
  if ((pkg.repositories & model.repositories.allowedBy(1 | (1 << tag))) !== 0) return [];
  return model.repositories.tags.filter(
    (_, index) => (pkg.repositories & model.repositories.allowedBy(1 << index)) !== 0,
  );
}

function conflictsOf({ marked }: FailedSet, pkg: PackageState): BrokenPackage['conflicts'] {
  const conflicts: { other: PackageState; provide: Provide | null }[] = [];
  for (const { pkg: other } of pkg.name.providers) {
    if (other !== pkg && marked.has(other)) conflicts.push({ other, provide: null });
  }
  for (const provide of pkg.provides) {
    let self = false;
    for (const { pkg: other, version } of provide.name.providers) {
      if (!marked.has(other) || (provide.version === '' && version === '')) continue;
      if (!self && other === pkg && version === provide.version) self = true;
      else conflicts.push({ other, provide });
    }
  }
  return conflicts;
}
