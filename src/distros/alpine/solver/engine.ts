import type { SolverRules } from '../rules.ts';
import { type Agenda, agendaFor } from './agenda.ts';
import { compareProviders } from './compare.ts';
import type { Discovery } from './discovery.ts';
import type { Model } from './model.ts';
import { type Propagation, reconsider } from './reconsider.ts';
import type { Dependency, NameState, PackageState, Provide, Provider } from './state.ts';
import { isAutoSelectable, type Terms } from './terms.ts';

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
      this.#settleDirty();
      const next = this.#agenda.next();
      if (next === undefined) return;
      this.#select(next);
    }
  }

  #settleDirty(): void {
    for (let at = 0; at < this.#dirty.length; at += 1) {
      const name = this.#dirty[at] as NameState;
      // A name that was settled meanwhile has left the list.
      if (!name.dirty) continue;
      name.dirty = false;
      reconsider(this, name);
    }
    this.#dirty = [];
  }

  /** A name that walking world has not reached plays no part. */
  met(name: NameState): boolean {
    return name.id >= 0 && this.#discovery.met(name.id);
  }

  queueDirty(name: NameState): void {
    if (name.dirty || name.locked || (name.requirers === 0 && !name.recheckTrigger)) return;
    name.dirty = true;
    this.#dirty.push(name);
  }

  queueUnresolved(name: NameState, again: boolean): void {
    this.#agenda.queue(name, again);
  }

  /** Whoever depends on the name has to look at its own candidates again. */
  #recheckDependents(name: NameState): void {
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
      for (let at = start; at < end; at += 1) {
        const one = dependents[at] as number;
        look(packageName[one] as number);
        for (let place = provideStart[one] as number; place < (provideStart[one + 1] as number); place += 1) {
          look(provideName[place] as number);
        }
      }
    }
    found.sort((a, b) => a.rank - b.rank);
    for (const other of found) this.queueDirty(other);
  }

  #recheckTriggeredBy({ id }: NameState): void {
    if (id < 0) return;
    const { triggerStart, triggers } = this.#model.graph;
    const end = triggerStart[id + 1] as number;
    for (let at = triggerStart[id] as number; at < end; at += 1) {
      const trigger = triggers[at] as number;
      if (!this.#discovery.met(trigger)) continue;
      const other = this.#model.name(trigger);
      if (other.untriggerable) continue;
      other.recheckTrigger = true;
      this.queueDirty(other);
    }
  }

  #recheckTriggeredByPackage(one: PackageState): void {
    this.#recheckTriggeredBy(one.name);
    for (const { name } of one.provides) this.#recheckTriggeredBy(name);
  }

  disqualify(one: PackageState): void {
    one.selectable = false;
    this.#recheckDependents(one.name);
    for (const { name } of one.provides) this.#recheckDependents(name);
    this.#recheckTriggeredByPackage(one);
  }

  requirersChanged(name: NameState): void {
    if (!name.locked && name.requirers > 0) this.#open.add(name);
    this.queueUnresolved(name, false);
    this.#recheckTriggeredBy(name);
    this.queueDirty(name);
  }

  /** Tags and flags go from who requires (null: world) to what it requires. */
  inherit(one: PackageState, from: PackageState | null): void {
    if (from === null) {
      one.flags |= this.#worldFlags;
      one.inheritedFlags |= this.#worldFlags;
      one.allowedTags |= this.#worldTag;
      one.tagPreferred = (one.allowedRepositories & this.#model.repositoriesOf(this.#worldTag)) !== 0;
    } else {
      one.flags |= from.inheritedFlags;
      one.inheritedFlags |= from.inheritedFlags;
      one.allowedTags |= from.allowedTags;
    }
    one.tagOk ||= (one.allowedRepositories & this.#model.repositoriesOf(one.allowedTags)) !== 0;
  }

  /** A requirement of `owner` (null: world) on a name, told to all its providers. */
  applyConstraint(owner: PackageState | null, dependency: Dependency): void {
    const { name, conflict } = dependency;
    if (!conflict) {
      name.requirers += 1;
      if (name.requirers === 1) this.requirersChanged(name);
    }
    for (const provider of name.providers) {
      const { one } = provider;
      const provided = this.terms.isProvided(dependency, provider, owner);
      if (!provided) one.conflicts += 1;
      if (one.selectable && one.conflicts > 0) this.disqualify(one);
      if (provided) this.inherit(one, owner);
    }
  }

  /** `alias` goes to whichever provider of `needed` is chosen: others of that name are out. */
  excludeNonProviders(alias: NameState, needed: NameState, skipVirtual: boolean): void {
    if (alias === needed) return;
    for (const { one, version } of alias.providers) {
      if (one.name === needed || !one.selectable || (skipVirtual && version === '')) continue;
      const stays = ({ name, version: provided }: Provide): boolean =>
        name === needed || (skipVirtual && provided === '');
      if (!one.provides.some(stays)) this.disqualify(one);
    }
  }

  satisfiable(owner: PackageState, dependency: Dependency): boolean {
    const { name } = dependency;
    if (name.locked) return this.terms.isProvided(dependency, name.chosen, owner);
    if (name.requirers === 0 && this.terms.isProvided(dependency, null, owner)) return true;
    for (const provider of name.providers) {
      if (provider.one.selectable && this.terms.isProvided(dependency, provider, owner)) return true;
    }
    return false;
  }

  /** No name that leads to this one is left to settle. */
  dependentsDone(name: NameState): boolean {
    const { dependentStart, dependents, packageName, provideStart, provideName } = this.#model.graph;
    const open = (id: number): boolean =>
      this.#discovery.met(id) && this.#model.knownName(id)?.locked !== true;
    for (let at = dependentStart[name.id] as number; at < (dependentStart[name.id + 1] as number); at += 1) {
      const one = dependents[at] as number;
      if (open(packageName[one] as number)) return false;
      for (let place = provideStart[one] as number; place < (provideStart[one + 1] as number); place += 1) {
        if (open(provideName[place] as number)) return false;
      }
    }
    return true;
  }

  #select(name: NameState): void {
    let chosen: Provider | null = null;
    if (name.requirers > 0 || name.hasTriggered) {
      for (const provider of name.providers) {
        const { one } = provider;
        if (name.requirers === 0 && !this.#mayTrigger(one)) continue;
        if (!isAutoSelectable(provider)) continue;
        if (chosen === null || compareProviders(provider, chosen, this.rules) > 0) chosen = provider;
      }
    }
    if (chosen === null) {
      this.#assign(name, null);
      if (name.requirers > 0) this.errors += 1;
      return;
    }
    const { one } = chosen;
    if (!one.selectable || !one.tagOk) this.fail(one);
    this.#assign(one.name, { one, version: one.version });
    for (const { name: alias, version } of one.provides) this.#assign(alias, { one, version });
    for (const dependency of one.depends) this.applyConstraint(one, dependency);
  }

  #mayTrigger({ triggered, tagOk, selectable }: PackageState): boolean {
    return triggered && tagOk && (selectable || !this.rules.dropsUnselectable);
  }

  #assign(name: NameState, provider: Provider | null): void {
    const version = provider?.version ?? '';
    if (name.locked) {
      if (version === '' && (name.chosen?.version ?? '') === '') return;
      if (provider !== null) this.fail(provider.one);
      if (name.chosen !== null) this.fail(name.chosen.one);
      return;
    }
    name.locked = true;
    name.chosen = provider;
    name.queue = undefined;
    name.dirty = false;
    this.#open.delete(name);
    if (this.rules.settlesRules && provider !== null && name.requirers === 0 && provider.one.triggered) {
      for (const rule of provider.one.installIf)
        if (!rule.name.locked) this.applyConstraint(provider.one, rule);
    }
    for (const other of name.providers) {
      if (other.one === provider?.one || (version === '' && other.version === '')) continue;
      this.disqualify(other.one);
    }
    this.#recheckDependents(name);
    if (provider === null) this.#recheckTriggeredBy(name);
    else this.#recheckTriggeredByPackage(provider.one);
  }

  fail(one: PackageState): void {
    if (one.failed) return;
    one.failed = true;
    this.errors += 1;
  }
}

function dependsOn(name: NameState, needed: NameState): boolean {
  for (const { one } of name.providers) {
    for (const dependency of one.depends) if (dependency.name === needed) return true;
  }
  return false;
}
