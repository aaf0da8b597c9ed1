import type { SolverRules } from '../rules.ts';
import type { Dependency, NameState, PackageState, Provider } from './state.ts';
import { isAutoSelectable, type Terms } from './terms.ts';

/** What looking at a name again can set off. */
export interface Propagation {
  /** Ticks with every name that is reconsidered and every package that is ruled out. */
  clock: number;
  readonly rules: SolverRules;
  readonly terms: Terms;
  satisfiable(owner: PackageState, dependency: Dependency): boolean;
  disqualify(one: PackageState): void;
  inherit(one: PackageState, from: PackageState | null): void;
  applyConstraint(owner: PackageState | null, dependency: Dependency): void;
  requirersChanged(name: NameState): void;
  excludeNonProviders(alias: NameState, needed: NameState, skipVirtual: boolean): void;
  dependentsDone(name: NameState): boolean;
  queueUnresolved(name: NameState, again: boolean): void;
}

/** Looks again at which providers of a name are left and at what these have in common. */
export function reconsider(engine: Propagation, name: NameState): void {
  const lostBy = name.reconsidered;
  const recheckTrigger = name.recheckTrigger;
  engine.clock += 1;
  name.reconsidered = engine.clock;
  name.recheckTrigger = false;
  const recheckDepends = hasChangedDepends(name, lostBy);
  let hasTriggered = false;
  let untriggerable = true;
  let hasSelectable = false;
  let tagged = false;
  let first: PackageState | undefined;
  let options = 0;
  for (const provider of name.providers) {
    const { one } = provider;
    one.merged = false;
    if (recheckDepends && one.selectable && !hasSatisfiableDepends(engine, one)) engine.disqualify(one);
    if (!one.selectable) continue;
    if (recheckTrigger) checkTrigger(engine, one);
    hasTriggered ||= one.triggered;
    untriggerable &&= one.untriggerable;
    hasSelectable ||= one.triggered;
    if (name.requirers === 0) continue;
    one.merged = true;
    merge(one, provider, options);
    tagged ||= !one.tagOk;
    first ??= one;
    options += 1;
    hasSelectable ||= isAutoSelectable(provider);
  }
  name.hasOptions = options > 1 || tagged;
  name.hasTriggered = hasTriggered;
  name.untriggerable = untriggerable;
  const selectableChanged = name.hasSelectable !== hasSelectable;
  name.hasSelectable = hasSelectable;
  if (first !== undefined) propagate(engine, name, { first, options });
  name.dependentsDone = engine.dependentsDone(name);
  engine.queueUnresolved(name, selectableChanged);
}

function hasChangedDepends(name: NameState, since: number): boolean {
  for (const { one } of name.providers) {
    for (const dependency of one.depends) if (dependency.name.changed > since) return true;
  }
  return false;
}

function hasSatisfiableDepends(engine: Propagation, one: PackageState): boolean {
  for (const dependency of one.depends) if (!engine.satisfiable(one, dependency)) return false;
  return true;
}

function checkTrigger(engine: Propagation, one: PackageState): void {
  if (!one.triggered && !one.untriggerable) {
    const open = one.installIf.find(
      (rule) => !rule.name.locked || !engine.terms.isProvided(rule, rule.name.chosen, one),
    );
    if (open === undefined) one.triggered = true;
    else if (open.name.locked) one.untriggerable = true;
    else if (open.conflict && engine.rules.settlesRules) {
      open.name.neededUnset = true;
      engine.queueUnresolved(open.name, false);
    }
  }
  if (!one.triggered) return;
  for (const rule of one.installIf) engine.inherit(one, rule.name.chosen?.one ?? null);
}

/** Counts, for every name, the options that depend on it and that provide it. */
function merge(one: PackageState, provider: Provider, option: number): void {
  for (const { name, conflict } of one.depends) {
    if (!conflict && name.commonDepends === option) name.commonDepends = option + 1;
  }
  mergeProvide(one.name, provider.version, option);
  for (const { name, version } of one.provides) mergeProvide(name, version, option);
}

function mergeProvide(name: NameState, version: string, option: number): void {
  if (name.commonProvides !== option) return;
  name.commonProvides = option + 1;
  name.providedUnversioned ||= version === '';
}

/** What all remaining options have in common holds already. */
function propagate(
  engine: Propagation,
  name: NameState,
  { first, options }: { readonly first: PackageState; readonly options: number },
): void {
  for (const { one } of name.providers) one.used = one.merged;
  for (const dependency of first.depends) {
    const { name: needed } = dependency;
    const common = needed.commonDepends === options;
    needed.commonDepends = 0;
    if (!common) continue;
    if (options === 1) engine.applyConstraint(first, dependency);
    else if (needed.requirers === 0) {
      needed.requirers += 1;
      engine.requirersChanged(needed);
      for (const { one } of needed.providers) engine.inherit(one, first);
    }
  }
  excludeOthers(engine, first.name, { needed: name, options });
  for (const provide of first.provides) excludeOthers(engine, provide.name, { needed: name, options });
  first.name.providedUnversioned = false;
  for (const provide of first.provides) provide.name.providedUnversioned = false;
}

function excludeOthers(
  engine: Propagation,
  alias: NameState,
  { needed, options }: { readonly needed: NameState; readonly options: number },
): void {
  const common = alias.commonProvides === options;
  alias.commonProvides = 0;
  if (common) engine.excludeNonProviders(alias, needed, alias.providedUnversioned);
}
