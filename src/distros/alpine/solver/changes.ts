import type { Engine } from './engine.ts';
import type { Model } from './model.ts';
import type { Dependency, NameState, PackageState } from './state.ts';
import { drive, type Steps } from './steps.ts';

/** `old` null: new; `one` null: removed; both: replaced, or kept where they are the same. */
export interface PackageChange {
  readonly one: PackageState | null;
  readonly old: PackageState | null;
}

/**
 * The changes that lead from what is installed to what the engine settled, in apk's order: depth first over world;
 * what has to make room, a package's dependencies in their order, the package, what its install triggers by
 * install_if; last what is installed and no longer needed.
 */
export function generateChanges(
  engine: Engine,
  model: Model,
  input: { readonly world: readonly Dependency[]; readonly installed: readonly PackageState[] },
): readonly PackageChange[] {
  const changes = new Changes(engine, model);
  drive(changes.all(input.world, input.installed));
  return changes.list;
}

class Changes {
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
    for (const one of installed) {
      one.name.installedPackage = one;
      one.name.installedUnder = one.name;
      for (const { name, version } of one.provides) if (version !== '') name.installedUnder = one.name;
    }
    for (const one of installed) countRequirers(one);
    for (const one of installed) yield this.#removeOrphan(one);
    for (const { name } of world) yield this.#change(name);
    for (const one of installed) yield this.#change(one.name);
  }

  *#change(name: NameState): Steps {
    if (name.changesSeen) return;
    if (!this.#isFree(name)) yield this.#makeRoom(name);
    const one = name.chosen?.one;
    if (one === undefined || one.inChanges) return;
    one.inChanges = true;
    if (!this.#isFree(one.name)) yield this.#makeRoom(one.name);
    for (const provide of one.provides) if (!this.#isFree(provide.name)) yield this.#makeRoom(provide.name);
    const old = one.name.installedPackage;
    if (old !== null) for (const watcher of this.#watchers(old)) yield this.#removeUntriggered(watcher);
    for (const dependency of one.depends) {
      const { name: needed } = dependency;
      if (!this.#model.terms.isProvided(dependency, needed.chosen, one)) this.#engine.fail(one);
      if (!needed.changesSeen) yield this.#change(needed);
      if (needed.chosen?.one.failed === true) this.#engine.fail(one);
    }
    this.list.push({ one, old });
    for (const watcher of this.#watchers(one)) if (this.#isTriggered(watcher)) yield this.#change(watcher);
    countRequirers(one);
    if (old !== null) yield this.#released(old);
  }

  /** Nothing is installed that could be in the way of the name, or it was made room for already. */
  #isFree(name: NameState): boolean {
    if (this.#hasInstalled && !name.changesSeen) return false;
    name.changesSeen = true;
    return true;
  }

  /** What goes by the name so far and will not any more is removed first. */
  *#makeRoom(name: NameState): Steps {
    name.changesSeen = true;
    const { installedPackage, chosen } = name;
    if (installedPackage !== null && chosen?.one.name !== name) yield this.#remove(installedPackage);
    if (!this.#model.rules.purgesProviders) return;
    for (const { one } of name.providers) {
      if (one.name.installedPackage === one && one.name.chosen === null) yield this.#remove(one);
    }
  }

  *#remove(one: PackageState): Steps {
    const { name } = one;
    if (one.inChanges || name.chosen?.one.name === name) return;
    name.removed = true;
    if (!this.#model.rules.reinstallsRemoved) name.changesSeen = true;
    one.inChanges = true;
    for (const dependent of this.#installedDependents(one)) yield this.#remove(dependent);
    for (const watcher of this.#watchers(one)) yield this.#removeUntriggered(watcher);
    this.list.push({ one: null, old: one });
    yield this.#released(one);
  }

  /** Nothing depends on it any more, and nothing else was chosen under its name. */
  *#removeOrphan(one: PackageState): Steps {
    if (one.name.requirers === 0 && one.name.chosen === null) yield this.#remove(one);
  }

  *#removeUntriggered(name: NameState): Steps {
    const one = name.installedPackage;
    if (one === null || name.chosen !== null || name.changesSeen || name.removed) return;
    const { reinstallsRemoved } = this.#model.rules;
    const isGone = (other: NameState): boolean => (reinstallsRemoved ? other.removed : other.changesSeen);
    if (one.installIf.some((rule) => isGone(rule.name) && rule.name.chosen === null))
      yield this.#removeOrphan(one);
  }

  *#released(one: PackageState): Steps {
    for (const { name, conflict } of one.depends) {
      const holder = name.installedUnder;
      if (conflict || holder === null) continue;
      holder.requirers -= 1;
      if (holder.requirers > 0) continue;
      if (name.installedPackage !== null) yield this.#remove(name.installedPackage);
    }
  }

  /** A package counts from when its own dependencies are begun. */
  #isTriggered(name: NameState): boolean {
    const one = name.chosen?.one;
    if (one === undefined || name.changesSeen || !this.#engine.met(name)) return false;
    const { rules, terms } = this.#model;
    return one.installIf.every(
      (rule) =>
        ((rule.conflict && rules.settlesRules) || rule.name.changesSeen) &&
        terms.isProvided(rule, rule.name.chosen, one),
    );
  }

  /** Names whose packages have one of this package's names in install_if. */
  #watchers(one: PackageState): readonly NameState[] {
    let watchers = this.#model.triggeredBy(one.name);
    for (const { name } of one.provides) {
      const more = this.#model.triggeredBy(name);
      if (more.length > 0) watchers = [...watchers, ...more];
    }
    return watchers;
  }

  *#installedDependents(one: PackageState): Iterable<PackageState> {
    for (const name of [one.name, ...one.provides.map((provide) => provide.name)]) {
      for (const dependent of this.#model.dependentNames(name)) {
        for (const provider of dependent.providers) {
          if (!provider.one.installed) continue;
          if (
            provider.one.depends.some(
              (dependency) => this.#model.terms.metBy(dependency, provider.one, one) === true,
            )
          )
            yield provider.one;
        }
      }
    }
  }
}

function countRequirers(one: PackageState): void {
  for (const { name, conflict } of one.depends) {
    if (!conflict && name.installedUnder !== null) name.installedUnder.requirers += 1;
  }
}
