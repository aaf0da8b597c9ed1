import type { Discovery } from './discovery.ts';
import type { Model } from './model.ts';
import type { NameState, PackageState } from './state.ts';

/**
 * Names to reconsider because something that they depend on has changed: apk's dirty list, filled along reverse dependencies
 * (apk-tools src/solver.c queue_dirty, reevaluate_reverse_deps, reevaluate_reverse_installif).
 */
export class DirtyNames {
  readonly #model: Model;
  readonly #discovery: Discovery;
  #names: NameState[] = [];
  /** Names that are required and not settled */
  readonly #open = new Set<NameState>();
  #clock = 0;

  constructor(model: Model, discovery: Discovery) {
    this.#model = model;
    this.#discovery = discovery;
  }

  /** Reconsiders each name, and those that are queued meanwhile, until none is left. */
  drain(reconsider: (name: NameState) => void): void {
    for (let index = 0; index < this.#names.length; index += 1) {
      const name = this.#names[index] as NameState;
      // The name was settled meanwhile, so it no longer counts as dirty.
      if (!name.dirty) continue;
      name.dirty = false;
      reconsider(name);
    }
    this.#names = [];
  }

  /** Advances the logical clock, which counts reconsidered names and announced changes, and returns the time. */
  tick(): number {
    this.#clock += 1;
    return this.#clock;
  }

  /** Notes a name as required and not settled. */
  open(name: NameState): void {
    this.#open.add(name);
  }

  /** Notes a name as settled. */
  close(name: NameState): void {
    this.#open.delete(name);
  }

  /** Returns whether the walk of world has reached the name; others play no part. */
  isSeen(name: NameState): boolean {
    return name.id >= 0 && this.#discovery.isSeen(name.id);
  }

  queue(name: NameState): void {
    if (name.dirty || name.locked || (name.requirers === 0 && !name.reevaluateInstallIf)) return;
    name.dirty = true;
    this.#names.push(name);
  }

  /** Queues all names of packages that depend on the name: their candidates have to be reconsidered. */
  reevaluateReverseDepends(name: NameState): void {
    name.changed = this.tick();
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
    for (const other of found) this.queue(other);
  }

  /** Queues all names of packages that have the name in install_if. */
  reevaluateReverseInstallIf({ id }: NameState): void {
    if (id < 0) return;
    const { triggerStart, triggers } = this.#model.graph;
    const end = triggerStart[id + 1] as number;
    for (let index = triggerStart[id] as number; index < end; index += 1) {
      const trigger = triggers[index] as number;
      if (!this.#discovery.isSeen(trigger)) continue;
      const other = this.#model.name(trigger);
      if (other.noInstallIf) continue;
      other.reevaluateInstallIf = true;
      this.queue(other);
    }
  }

  /** Does the same for all names of a package. */
  reevaluateReverseInstallIfOf(pkg: PackageState): void {
    this.reevaluateReverseInstallIf(pkg.name);
    for (const { name } of pkg.provides) this.reevaluateReverseInstallIf(name);
  }

  /** Returns whether all names of packages that depend on this one are settled. */
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
}

function dependsOn(name: NameState, needed: NameState): boolean {
  for (const { pkg } of name.providers) {
    for (const dependency of pkg.depends) if (dependency.name === needed) return true;
  }
  return false;
}
