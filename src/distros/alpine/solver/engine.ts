import type { SolverRules } from '../rules.ts';
import { type Agenda, agendaFor } from './agenda.ts';
import { compareProviders } from './compare.ts';
import { DirtyNames } from './dirty.ts';
import type { Discovery } from './discovery.ts';
import type { Model } from './model.ts';
import { type Propagation, reconsiderName } from './reconsider.ts';
import type { Dependency, NameState, PackageState, Provide, Provider } from './state.ts';
import { isProviderAutoSelectable, type Terms } from './terms.ts';

/**
 * Constraint propagation without backtracking, as in apk: names whose providers may have changed are reconsidered until nothing
 * changes, then one name is settled for good, and so on. Source: apk-tools src/solver.c apk_solver_solve; methods have the names
 * of its functions.
 */
export class Engine implements Propagation {
  readonly #model: Model;
  readonly #dirty: DirtyNames;
  readonly #agenda: Agenda;
  /** Flags and tag that packages inherit from the term of world being applied */
  #worldFlags = 0;
  #worldTag = 0;
  readonly rules: SolverRules;
  readonly terms: Terms;
  errors = 0;

  constructor(model: Model, discovery: Discovery) {
    this.#model = model;
    this.#dirty = new DirtyNames(model, discovery);
    this.rules = model.rules;
    this.terms = model.terms;
    this.#agenda = agendaFor(model.rules, discovery);
  }

  run(world: readonly Dependency[]): void {
    this.#worldFlags = this.#model.flags;
    for (const term of world) {
      this.#worldTag = term.tag;
      this.applyConstraint(null, term);
    }
    this.#worldFlags = 0;
    this.#worldTag = 0;
    for (;;) {
      this.#dirty.drain((name) => reconsiderName(this, name));
      const next = this.#agenda.next();
      if (next === undefined) return;
      this.#selectPackage(next);
    }
  }

  /** Returns whether the walk of world has reached the name; others play no part. */
  isSeen(name: NameState): boolean {
    return this.#dirty.isSeen(name);
  }

  tick(): number {
    return this.#dirty.tick();
  }

  reverseDependsDone(name: NameState): boolean {
    return this.#dirty.reverseDependsDone(name);
  }

  queueUnresolved(name: NameState, again: boolean): void {
    this.#agenda.queue(name, again);
  }

  disqualifyPackage(pkg: PackageState): void {
    pkg.selectable = false;
    this.#dirty.reevaluateReverseDepends(pkg.name);
    for (const { name } of pkg.provides) this.#dirty.reevaluateReverseDepends(name);
    this.#dirty.reevaluateReverseInstallIfOf(pkg);
  }

  nameRequirersChanged(name: NameState): void {
    if (!name.locked && name.requirers > 0) this.#dirty.open(name);
    this.queueUnresolved(name, false);
    this.#dirty.reevaluateReverseInstallIf(name);
    this.#dirty.queue(name);
  }

  /** Passes tags and flags on from the requiring package (null: world) to the required one. */
  inheritPinningAndFlags(pkg: PackageState, from: PackageState | null): void {
    if (from === null) {
      pkg.flags |= this.#worldFlags;
      pkg.inheritableFlags |= this.#worldFlags;
      pkg.pinningAllowed |= this.#worldTag;
      pkg.tagPreferred = (pkg.allowedRepositories & this.#model.repositories.allowedBy(this.#worldTag)) !== 0;
    } else {
      pkg.flags |= from.inheritableFlags;
      pkg.inheritableFlags |= from.inheritableFlags;
      pkg.pinningAllowed |= from.pinningAllowed;
    }
    pkg.tagOk ||= (pkg.allowedRepositories & this.#model.repositories.allowedBy(pkg.pinningAllowed)) !== 0;
  }

  /** Applies a requirement of `owner` (null: world) on a name to all its providers. */
  applyConstraint(owner: PackageState | null, dependency: Dependency): void {
    const { name, conflict } = dependency;
    if (!conflict) {
      name.requirers += 1;
      if (name.requirers === 1) this.nameRequirersChanged(name);
    }
    for (const provider of name.providers) {
      const { pkg } = provider;
      const provided = this.terms.isProvided(dependency, provider, owner);
      if (!provided) pkg.conflicts += 1;
      if (pkg.selectable && pkg.conflicts > 0) this.disqualifyPackage(pkg);
      if (provided) this.inheritPinningAndFlags(pkg, owner);
    }
  }

  /**
   * Disqualifies packages with the name `alias` that do not provide `needed`, because the provider of `needed` will get both
   * names.
   */
  excludeNonProviders(alias: NameState, needed: NameState, skipVirtual: boolean): void {
    if (alias === needed) return;
    for (const { pkg, version } of alias.providers) {
      if (pkg.name === needed || !pkg.selectable || (skipVirtual && version === '')) continue;
      const stays = ({ name, version: provided }: Provide): boolean =>
        name === needed || (skipVirtual && provided === '');
      if (!pkg.provides.some(stays)) this.disqualifyPackage(pkg);
    }
  }

  dependencySatisfiable(owner: PackageState, dependency: Dependency): boolean {
    const { name } = dependency;
    if (name.locked) return this.terms.isProvided(dependency, name.chosen, owner);
    if (name.requirers === 0 && this.terms.isProvided(dependency, null, owner)) return true;
    for (const provider of name.providers) {
      if (provider.pkg.selectable && this.terms.isProvided(dependency, provider, owner)) return true;
    }
    return false;
  }

  #selectPackage(name: NameState): void {
    let chosen: Provider | null = null;
    if (name.requirers > 0 || name.hasInstallIf) {
      for (const provider of name.providers) {
        const { pkg } = provider;
        if (name.requirers === 0 && !this.#isInstallIfSelectable(pkg)) continue;
        if (!isProviderAutoSelectable(provider)) continue;
        if (chosen === null || compareProviders(provider, chosen, this.rules) > 0) chosen = provider;
      }
    }
    if (chosen === null) {
      this.#assignName(name, null);
      if (name.requirers > 0) this.errors += 1;
      return;
    }
    const { pkg } = chosen;
    if (!pkg.selectable || !pkg.tagOk) this.markError(pkg);
    this.#assignName(pkg.name, { pkg, version: pkg.version });
    for (const { name: alias, version } of pkg.provides) this.#assignName(alias, { pkg, version });
    for (const dependency of pkg.depends) this.applyConstraint(pkg, dependency);
  }

  #isInstallIfSelectable({ installIfTriggered: triggered, tagOk, selectable }: PackageState): boolean {
    return triggered && tagOk && (selectable || !this.rules.dropsUnselectable);
  }

  #assignName(name: NameState, provider: Provider | null): void {
    const version = provider?.version ?? '';
    if (name.locked) {
      if (version === '' && (name.chosen?.version ?? '') === '') return;
      if (provider !== null) this.markError(provider.pkg);
      if (name.chosen !== null) this.markError(name.chosen.pkg);
      return;
    }
    name.locked = true;
    name.chosen = provider;
    name.queue = undefined;
    name.dirty = false;
    this.#dirty.close(name);
    if (
      this.rules.settlesRules &&
      provider !== null &&
      name.requirers === 0 &&
      provider.pkg.installIfTriggered
    ) {
      for (const rule of provider.pkg.installIf)
        if (!rule.name.locked) this.applyConstraint(provider.pkg, rule);
    }
    for (const other of name.providers) {
      if (other.pkg === provider?.pkg || (version === '' && other.version === '')) continue;
      this.disqualifyPackage(other.pkg);
    }
    this.#dirty.reevaluateReverseDepends(name);
    if (provider === null) this.#dirty.reevaluateReverseInstallIf(name);
    else this.#dirty.reevaluateReverseInstallIfOf(provider.pkg);
  }

  markError(pkg: PackageState): void {
    if (pkg.error) return;
    pkg.error = true;
    this.errors += 1;
  }
}
