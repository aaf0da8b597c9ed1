import type { Model } from './model.ts';
import type { Dependency, NameState, PackageState } from './state.ts';
import { drive, type Steps } from './steps.ts';

/** Bits of how a name got into a failed set of packages; apk's error report omits names that are present. */
const PRESENT = 1;
const VIRTUAL_ONLY = 2;
const INSTALL_IF = 4;

/** Walks a failed set of packages from world as apk's error report does. */
export class Presence {
  readonly #model: Model;
  readonly #marked: ReadonlySet<PackageState>;
  /** Bits of which one makes a name present */
  readonly #there: number;
  readonly #names = new Map<NameState, number>();
  readonly #packages = new Map<PackageState, number>();

  constructor(model: Model, marked: ReadonlySet<PackageState>) {
    this.#model = model;
    this.#marked = marked;
    this.#there = model.rules.reportsTriggered ? PRESENT | INSTALL_IF : PRESENT;
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
    for (const { pkg } of name.providers) {
      if (!this.#marked.has(pkg)) continue;
      const isConcrete = pkg.priority > 0 || goesBy(pkg, name) || (as & this.#there) === 0;
      const state = isConcrete ? as : VIRTUAL_ONLY;
      const known = this.#packages.get(pkg) ?? 0;
      if ((known & state) !== 0) continue;
      this.#packages.set(pkg, known | state);
      this.#mark(pkg.name, state);
      for (const provide of pkg.provides) {
        const isVirtual =
          state === INSTALL_IF && provide.version === '' && this.#model.rules.reportsTriggered;
        this.#mark(provide.name, isVirtual ? VIRTUAL_ONLY : state);
      }
      yield this.#dependencies(pkg.depends);
      if (state === VIRTUAL_ONLY) continue;
      yield this.#reverseInstallIf(pkg.name);
      for (const provide of pkg.provides) yield this.#reverseInstallIf(provide.name);
    }
  }

  *#reverseInstallIf(name: NameState): Steps {
    for (const watcher of this.#model.reverseInstallIf(name)) {
      for (const { pkg } of watcher.providers) {
        if (!this.#marked.has(pkg) || pkg.installIf.length === 0) continue;
        if (pkg.installIf.some((rule) => rule.conflict === this.has(rule.name))) continue;
        yield this.#name(pkg.name, INSTALL_IF);
        for (const provide of pkg.provides) yield this.#name(provide.name, INSTALL_IF);
      }
    }
  }

  #mark(name: NameState, state: number): void {
    this.#names.set(name, (this.#names.get(name) ?? 0) | state);
  }
}

/** Returns whether the package has the name as its own or provides it with a version. */
function goesBy(pkg: PackageState, name: NameState): boolean {
  return pkg.name === name || pkg.provides.some((provide) => provide.name === name && provide.version !== '');
}
