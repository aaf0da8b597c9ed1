import type { Engine } from './engine.ts';
import type { Model } from './model.ts';
import type { Dependency, NameState, PackageState } from './state.ts';
import { drive, type Steps } from './steps.ts';

/** A change of a package. `oldPkg` null: installed; `newPkg` null: removed; otherwise replaced, or kept if both are the same. */
export interface PackageChange {
  readonly newPkg: PackageState | null;
  readonly oldPkg: PackageState | null;
}

/**
 * Returns the changes from the installed packages to the ones that the engine chose, in apk's order (apk-tools src/solver.c
 * generate_changeset), depth first over world: removals that make room, a package's dependencies in their order, the package,
 * packages that it triggers by install_if; last, installed packages that are no longer needed.
 */
export function generateChangeset(
  engine: Engine,
  model: Model,
  input: { readonly world: readonly Dependency[]; readonly installed: readonly PackageState[] },
): readonly PackageChange[] {
  const changes = new Changeset(engine, model);
  drive(changes.all(input.world, input.installed));
  return changes.list;
}

class Changeset {
  readonly list: PackageChange[] = [];
  readonly #engine: Engine;
  readonly #model: Model;
  #hasInstalled = false;

  constructor(engine: Engine, model: Model) {
    this.#engine = engine;
    this.#model = model;
  }

  *all(world: readonly Dependency[], installed: readonly PackageState[]): Steps {
    this.#hasInstalled = installed.length > 0;
    for (const name of this.#model.knownNames()) name.requirers = 0;
    for (const pkg of installed) {
      pkg.name.installedPackage = pkg;
      pkg.name.installedUnder = pkg.name;
      for (const { name, version } of pkg.provides) if (version !== '') name.installedUnder = pkg.name;
    }
    for (const pkg of installed) trackDependsAdded(pkg);
    for (const pkg of installed) yield this.#nameRemoveOrphan(pkg);
    for (const { name } of world) yield this.#nameChange(name);
    for (const pkg of installed) yield this.#nameChange(pkg.name);
  }

  *#nameChange(name: NameState): Steps {
    if (name.seenInChangeset) return;
    if (!this.#isFree(name)) yield this.#namePreprocess(name);
    const pkg = name.chosen?.pkg;
    if (pkg === undefined || pkg.inChangeset) return;
    pkg.inChangeset = true;
    if (!this.#isFree(pkg.name)) yield this.#namePreprocess(pkg.name);
    for (const provide of pkg.provides)
      if (!this.#isFree(provide.name)) yield this.#namePreprocess(provide.name);
    const old = pkg.name.installedPackage;
    if (old !== null)
      for (const watching of this.#reverseInstallIf(old)) yield this.#checkRemovalByInstallIf(watching);
    for (const dependency of pkg.depends) {
      const { name: needed } = dependency;
      if (!this.#model.terms.isProvided(dependency, needed.chosen, pkg)) this.#engine.markError(pkg);
      if (!needed.seenInChangeset) yield this.#nameChange(needed);
      if (needed.chosen?.pkg.error === true) this.#engine.markError(pkg);
    }
    this.list.push({ newPkg: pkg, oldPkg: old });
    for (const watching of this.#reverseInstallIf(pkg))
      if (this.#checkInstallByInstallIf(watching)) yield this.#nameChange(watching);
    trackDependsAdded(pkg);
    if (old !== null) yield this.#trackDependsRemoved(old);
  }

  /** Returns whether the name needs no preparation: nothing is installed, or room was already made for it. */
  #isFree(name: NameState): boolean {
    if (this.#hasInstalled && !name.seenInChangeset) return false;
    name.seenInChangeset = true;
    return true;
  }

  /** Removes packages that have the name so far and will not keep it. */
  *#namePreprocess(name: NameState): Steps {
    name.seenInChangeset = true;
    const { installedPackage, chosen } = name;
    if (installedPackage !== null && chosen?.pkg.name !== name) yield this.#nameRemove(installedPackage);
    if (!this.#model.rules.purgesProviders) return;
    for (const { pkg } of name.providers) {
      if (pkg.name.installedPackage === pkg && pkg.name.chosen === null) yield this.#nameRemove(pkg);
    }
  }

  *#nameRemove(pkg: PackageState): Steps {
    const { name } = pkg;
    if (pkg.inChangeset || name.chosen?.pkg.name === name) return;
    name.removed = true;
    if (!this.#model.rules.reinstallsRemoved) name.seenInChangeset = true;
    pkg.inChangeset = true;
    for (const dependent of this.#installedDependents(pkg)) yield this.#nameRemove(dependent);
    for (const watching of this.#reverseInstallIf(pkg)) yield this.#checkRemovalByInstallIf(watching);
    this.list.push({ newPkg: null, oldPkg: pkg });
    yield this.#trackDependsRemoved(pkg);
  }

  /** Removes a package on which nothing depends any more, unless one was chosen under its name. */
  *#nameRemoveOrphan(pkg: PackageState): Steps {
    if (pkg.name.requirers === 0 && pkg.name.chosen === null) yield this.#nameRemove(pkg);
  }

  *#checkRemovalByInstallIf(name: NameState): Steps {
    const pkg = name.installedPackage;
    if (pkg === null || name.chosen !== null || name.seenInChangeset || name.removed) return;
    const { reinstallsRemoved } = this.#model.rules;
    const isGone = (other: NameState): boolean => (reinstallsRemoved ? other.removed : other.seenInChangeset);
    if (pkg.installIf.some((rule) => isGone(rule.name) && rule.name.chosen === null))
      yield this.#nameRemoveOrphan(pkg);
  }

  *#trackDependsRemoved(pkg: PackageState): Steps {
    for (const { name, conflict } of pkg.depends) {
      const holder = name.installedUnder;
      if (conflict || holder === null) continue;
      holder.requirers -= 1;
      if (holder.requirers > 0) continue;
      if (name.installedPackage !== null) yield this.#nameRemove(name.installedPackage);
    }
  }

  /**
   * Returns whether the package chosen for the name is triggered by install_if; a package counts as soon as its own dependencies
   * are begun.
   */
  #checkInstallByInstallIf(name: NameState): boolean {
    const pkg = name.chosen?.pkg;
    if (pkg === undefined || name.seenInChangeset || !this.#engine.isSeen(name)) return false;
    const { rules, terms } = this.#model;
    return pkg.installIf.every(
      (rule) =>
        ((rule.conflict && rules.settlesRules) || rule.name.seenInChangeset) &&
        terms.isProvided(rule, rule.name.chosen, pkg),
    );
  }

  /** Returns the names of packages that have one of this package's names in install_if. */
  #reverseInstallIf(pkg: PackageState): readonly NameState[] {
    let watching = this.#model.reverseInstallIf(pkg.name);
    for (const { name } of pkg.provides) {
      const more = this.#model.reverseInstallIf(name);
      if (more.length > 0) watching = [...watching, ...more];
    }
    return watching;
  }

  *#installedDependents(pkg: PackageState): Iterable<PackageState> {
    for (const name of [pkg.name, ...pkg.provides.map((provide) => provide.name)]) {
      for (const dependent of this.#model.reverseDepends(name)) {
        for (const provider of dependent.providers) {
          if (!provider.pkg.installed) continue;
          if (
            provider.pkg.depends.some(
              (dependency) => this.#model.terms.isSatisfiedBy(dependency, provider.pkg, pkg) === true,
            )
          )
            yield provider.pkg;
        }
      }
    }
  }
}

function trackDependsAdded(pkg: PackageState): void {
  for (const { name, conflict } of pkg.depends) {
    if (!conflict && name.installedUnder !== null) name.installedUnder.requirers += 1;
  }
}
