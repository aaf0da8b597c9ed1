import type { Model } from './model.ts';
import type { Dependency, NameState, PackageState } from './state.ts';
import { drive, type Steps } from './steps.ts';

/** How a name came into a failed set of packages; apk's error report leaves out what is there. */
const PRESENT = 1;
const VIRTUAL_ONLY = 2;
const TRIGGERED = 4;

/** Walks a failed set of packages from world as apk's error report does. */
export class Presence {
  readonly #model: Model;
  readonly #marked: ReadonlySet<PackageState>;
  /** Bits of a name that is there */
  readonly #there: number;
  readonly #names = new Map<NameState, number>();
  readonly #packages = new Map<PackageState, number>();

  constructor(model: Model, marked: ReadonlySet<PackageState>) {
    this.#model = model;
    this.#marked = marked;
    this.#there = model.rules.reportsTriggered ? PRESENT | TRIGGERED : PRESENT;
  }

  walk(world: readonly Dependency[]): void {
    drive(this.#dependencies(world));
  }

  has(name: NameState): boolean {
    return ((this.#names.get(name) ?? 0) & this.#there) !== 0;
  }

  *#dependencies(dependencies: readonly Dependency[]): Steps {
    for (const { name, conflict } of dependencies) if (!conflict) yield this.#name(name, PRESENT);
  }

  *#name(name: NameState, as: number): Steps {
    for (const { one } of name.providers) {
      if (!this.#marked.has(one)) continue;
      const isConcrete = one.priority > 0 || goesBy(one, name) || (as & this.#there) === 0;
      const state = isConcrete ? as : VIRTUAL_ONLY;
      const known = this.#packages.get(one) ?? 0;
      if ((known & state) !== 0) continue;
      this.#packages.set(one, known | state);
      this.#mark(one.name, state);
      for (const provide of one.provides) {
        const isVirtual = state === TRIGGERED && provide.version === '' && this.#model.rules.reportsTriggered;
        this.#mark(provide.name, isVirtual ? VIRTUAL_ONLY : state);
      }
      yield this.#dependencies(one.depends);
      if (state === VIRTUAL_ONLY) continue;
      yield this.#triggered(one.name);
      for (const provide of one.provides) yield this.#triggered(provide.name);
    }
  }

  *#triggered(name: NameState): Steps {
    for (const watcher of this.#model.triggeredBy(name)) {
      for (const { one } of watcher.providers) {
        if (!this.#marked.has(one) || one.installIf.length === 0) continue;
        if (one.installIf.some((rule) => rule.conflict === this.has(rule.name))) continue;
        yield this.#name(one.name, TRIGGERED);
        for (const provide of one.provides) yield this.#name(provide.name, TRIGGERED);
      }
    }
  }

  #mark(name: NameState, state: number): void {
    this.#names.set(name, (this.#names.get(name) ?? 0) | state);
  }
}

/** By its own name or by a provide with a version. */
function goesBy(one: PackageState, name: NameState): boolean {
  return one.name === name || one.provides.some((provide) => provide.name === name && provide.version !== '');
}
