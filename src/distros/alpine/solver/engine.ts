import type { SolverRules } from '../rules.ts';
import { type Agenda, agendaFor } from './agenda.ts';
import { compareProviders } from './compare.ts';
import type { Discovery } from './discovery.ts';
import type { Model } from './model.ts';
import { type Propagation, reconsiderName } from './reconsider.ts';
import type { Dependency, NameState, PackageState, Provide, Provider } from './state.ts';
import { isProviderAutoSelectable, type Terms } from './terms.ts';

/**
 * Constraint propagation without backtracking, as apk does it: names whose providers may have changed are looked
 * at again until nothing moves, then one name is settled for good, and so on.
 */
export class Engine implements Propagation {
  readonly #model: Model;
  readonly #discovery: Discovery;
  #dirty: NameState[] = [];
  readonly #agenda: Agenda;
  /** Names that are required and not settled */
  readonly #open = new Set<NameState>();
  /** Flags and tag that a package takes over from the term of world that is applied */
  #worldFlags = 0;
  #worldTag = 0;
  readonly rules: SolverRules;
  readonly terms: Terms;
  clock = 0;
  errors = 0;

  constructor(model: Model, discovery: Discovery) {
    this.#model = model;
    this.#discovery = discovery;
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
      this.#reconsiderDirty();
      const next = this.#agenda.next();
      if (next === undefined) return;
      this.#selectPackage(next);
    }
  }

  #reconsiderDirty(): void {
    for (let index = 0; index < this.#dirty.length; index += 1) {
      const name = this.#dirty[index] as NameState;
      // A name that was settled meanwhile has left the list.
      if (!name.dirty) continue;
      name.dirty = false;
      reconsiderName(this, name);
    }
    this.#dirty = [];
  }

  /** A name that walking world has not reached plays no part. */
  isSeen(name: NameState): boolean {
    return name.id >= 0 && this.#discovery.isSeen(name.id);
  }

  queueDirty(name: NameState): void {
    if (name.dirty || name.locked || (name.requirers === 0 && !name.reevaluateInstallIf)) return;
    name.dirty = true;
    this.#dirty.push(name);
  }

  queueUnresolved(name: NameState, again: boolean): void {
    this.#agenda.queue(name, again);
  }

  /** Whoever depends on the name has to look at its own candidates again. */
  #reevaluateReverseDepends(name: NameState): void {
    this.clock += 1;
    name.changed = this.clock;
    const found: NameState[] = [];
    const { dependentStart, dependents, packageName, provideStart, provideName } = this.#model.graph;
    if (name.id < 0) return;
    const start = dependentStart[name.id] as number;
    const end = dependentStart[name.id + 1] as number;
    if (end - start > this.#open.size) {
      for (const other of this.#open) if (!other.dirty && dependsOn(other, name)) found.push(other);
    } else {
      const look = (id: number): void => {
        const other = this.#model.knownName(id);
        if (other !== undefined && !other.dirty && this.#open.has(other)) found.push(other);
      };
      for (let index = start; index < end; index += 1) {
        const pkg = dependents[index] as number;
        look(packageName[pkg] as number);
        for (let place = provideStart[pkg] as number; place < (provideStart[pkg + 1] as number); place += 1) {
          look(provideName[place] as number);
        }
      }
    }
    found.sort((a, b) => a.rank - b.rank);
    for (const other of found) this.queueDirty(other);
  }

  #reevaluateReverseInstallIf({ id }: NameState): void {
    if (id < 0) return;
    const { triggerStart, triggers } = this.#model.graph;
    const end = triggerStart[id + 1] as number;
    for (let index = triggerStart[id] as number; index < end; index += 1) {
      const trigger = triggers[index] as number;
      if (!this.#discovery.isSeen(trigger)) continue;
      const other = this.#model.name(trigger);
      if (other.noInstallIf) continue;
      other.reevaluateInstallIf = true;
      this.queueDirty(other);
    }
  }

  #reevaluateReverseInstallIfOf(pkg: PackageState): void {
    this.#reevaluateReverseInstallIf(pkg.name);
    for (const { name } of pkg.provides) this.#reevaluateReverseInstallIf(name);
  }

  disqualifyPackage(pkg: PackageState): void {
    pkg.selectable = false;
    this.#reevaluateReverseDepends(pkg.name);
    for (const { name } of pkg.provides) this.#reevaluateReverseDepends(name);
    this.#reevaluateReverseInstallIfOf(pkg);
  }

  nameRequirersChanged(name: NameState): void {
    if (!name.locked && name.requirers > 0) this.#open.add(name);
    this.queueUnresolved(name, false);
    this.#reevaluateReverseInstallIf(name);
    this.queueDirty(name);
  }

  /** Tags and flags go from who requires (null: world) to what it requires. */
  inheritPinningAndFlags(pkg: PackageState, from: PackageState | null): void {
    if (from === null) {
      pkg.flags |= this.#worldFlags;
      pkg.inheritableFlags |= this.#worldFlags;
      pkg.pinningAllowed |= this.#worldTag;
      pkg.tagPreferred = (pkg.allowedRepositories & this.#model.repositoriesOf(this.#worldTag)) !== 0;
    } else {
      pkg.flags |= from.inheritableFlags;
      pkg.inheritableFlags |= from.inheritableFlags;
      pkg.pinningAllowed |= from.pinningAllowed;
    }
    pkg.tagOk ||= (pkg.allowedRepositories & this.#model.repositoriesOf(pkg.pinningAllowed)) !== 0;
  }

  /** A requirement of `owner` (null: world) on a name, told to all its providers. */
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

  /** `alias` goes to whichever provider of `needed` is chosen: others of that name are out. */
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

  /** No name that leads to this one is left to settle. */
  reverseDependsDone(name: NameState): boolean {
    const { dependentStart, dependents, packageName, provideStart, provideName } = this.#model.graph;
    const open = (id: number): boolean =>
      this.#discovery.isSeen(id) && this.#model.knownName(id)?.locked !== true;
    for (
      let index = dependentStart[name.id] as number;
      index < (dependentStart[name.id + 1] as number);
      index += 1
    ) {
      const pkg = dependents[index] as number;
      if (open(packageName[pkg] as number)) return false;
      for (let place = provideStart[pkg] as number; place < (provideStart[pkg + 1] as number); place += 1) {
        if (open(provideName[place] as number)) return false;
      }
    }
    return true;
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
    this.#open.delete(name);
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
    this.#reevaluateReverseDepends(name);
    if (provider === null) this.#reevaluateReverseInstallIf(name);
    else this.#reevaluateReverseInstallIfOf(provider.pkg);
  }

  markError(pkg: PackageState): void {
    if (pkg.error) return;
    pkg.error = true;
    this.errors += 1;
  }
}

function dependsOn(name: NameState, needed: NameState): boolean {
  for (const { pkg } of name.providers) {
    for (const dependency of pkg.depends) if (dependency.name === needed) return true;
  }
  return false;
}
