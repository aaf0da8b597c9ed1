import type { SolverRules } from '../rules.ts';
import type { Dependency, NameState, PackageState, Provider } from './state.ts';
import { isProviderAutoSelectable, type Terms } from './terms.ts';

/** Effects that reconsidering a name can have on other names and packages. */
export interface Propagation {
  /** Advances the logical clock and returns the time. */
  tick(): number;
  readonly rules: SolverRules;
  readonly terms: Terms;
  dependencySatisfiable(owner: PackageState, dependency: Dependency): boolean;
  disqualifyPackage(pkg: PackageState): void;
  inheritPinningAndFlags(pkg: PackageState, from: PackageState | null): void;
  applyConstraint(owner: PackageState | null, dependency: Dependency): void;
  nameRequirersChanged(name: NameState): void;
  excludeNonProviders(alias: NameState, needed: NameState, skipVirtual: boolean): void;
  reverseDependsDone(name: NameState): boolean;
  queueUnresolved(name: NameState, again: boolean): void;
}

/**
 * Reconsiders a name: finds the providers that are left and applies what they have in common (apk-tools src/solver.c
 * reconsider_name).
 */
export function reconsiderName(engine: Propagation, name: NameState): void {
  const lostBy = name.reconsidered;
  const reevaluateInstallIf = name.reevaluateInstallIf;
  name.reconsidered = engine.tick();
  name.reevaluateInstallIf = false;
  const reevaluateDepends = hasChangedDepends(name, lostBy);
  let hasInstallIf = false;
  let noInstallIf = true;
  let hasAutoSelectable = false;
  let tagged = false;
  let first: PackageState | undefined;
  let options = 0;
  for (const provider of name.providers) {
    const { pkg } = provider;
    pkg.dependenciesMerged = false;
    if (reevaluateDepends && pkg.selectable && !hasSatisfiableDepends(engine, pkg))
      engine.disqualifyPackage(pkg);
    if (!pkg.selectable) continue;
    if (reevaluateInstallIf) checkTrigger(engine, pkg);
    hasInstallIf ||= pkg.installIfTriggered;
    noInstallIf &&= pkg.installIfFailed;
    hasAutoSelectable ||= pkg.installIfTriggered;
    if (name.requirers === 0) continue;
    pkg.dependenciesMerged = true;
    merge(pkg, provider, options);
    tagged ||= !pkg.tagOk;
    first ??= pkg;
    options += 1;
    hasAutoSelectable ||= isProviderAutoSelectable(provider);
  }
  name.hasOptions = options > 1 || tagged;
  name.hasInstallIf = hasInstallIf;
  name.noInstallIf = noInstallIf;
  const selectableChanged = name.hasAutoSelectable !== hasAutoSelectable;
  name.hasAutoSelectable = hasAutoSelectable;
  if (first !== undefined) propagate(engine, name, { first, options });
  name.reverseDependsDone = engine.reverseDependsDone(name);
  engine.queueUnresolved(name, selectableChanged);
}

function hasChangedDepends(name: NameState, since: number): boolean {
  for (const { pkg } of name.providers) {
    for (const dependency of pkg.depends) if (dependency.name.changed > since) return true;
  }
  return false;
}

function hasSatisfiableDepends(engine: Propagation, pkg: PackageState): boolean {
  for (const dependency of pkg.depends) if (!engine.dependencySatisfiable(pkg, dependency)) return false;
  return true;
}

function checkTrigger(engine: Propagation, pkg: PackageState): void {
  if (!pkg.installIfTriggered && !pkg.installIfFailed) {
    const open = pkg.installIf.find(
      (rule) => !rule.name.locked || !engine.terms.isProvided(rule, rule.name.chosen, pkg),
    );
    if (open === undefined) pkg.installIfTriggered = true;
    else if (open.name.locked) pkg.installIfFailed = true;
    else if (open.conflict && engine.rules.settlesRules) {
      open.name.installIfNeeded = true;
      engine.queueUnresolved(open.name, false);
    }
  }
  if (!pkg.installIfTriggered) return;
  for (const rule of pkg.installIf) engine.inheritPinningAndFlags(pkg, rule.name.chosen?.pkg ?? null);
}

/** Counts, for every name, how many of the options depend on it and how many provide it. */
function merge(pkg: PackageState, provider: Provider, option: number): void {
  for (const { name, conflict } of pkg.depends) {
    if (!conflict && name.mergeDepends === option) name.mergeDepends = option + 1;
  }
  mergeProvide(pkg.name, provider.version, option);
  for (const { name, version } of pkg.provides) mergeProvide(name, version, option);
}

function mergeProvide(name: NameState, version: string, option: number): void {
  if (name.mergeProvides !== option) return;
  name.mergeProvides = option + 1;
  name.hasVirtualProvides ||= version === '';
}

/** Applies what all remaining options have in common. */
function propagate(
  engine: Propagation,
  name: NameState,
  { first, options }: { readonly first: PackageState; readonly options: number },
): void {
  for (const { pkg } of name.providers) pkg.dependenciesUsed = pkg.dependenciesMerged;
  for (const dependency of first.depends) {
    const { name: needed } = dependency;
    const common = needed.mergeDepends === options;
    needed.mergeDepends = 0;
    if (!common) continue;
    if (options === 1) engine.applyConstraint(first, dependency);
    else if (needed.requirers === 0) {
      needed.requirers += 1;
      engine.nameRequirersChanged(needed);
      for (const { pkg } of needed.providers) engine.inheritPinningAndFlags(pkg, first);
    }
  }
  excludeOthers(engine, first.name, { needed: name, options });
  for (const provide of first.provides) excludeOthers(engine, provide.name, { needed: name, options });
  first.name.hasVirtualProvides = false;
  for (const provide of first.provides) provide.name.hasVirtualProvides = false;
}

function excludeOthers(
  engine: Propagation,
  alias: NameState,
  { needed, options }: { readonly needed: NameState; readonly options: number },
): void {
  const common = alias.mergeProvides === options;
  alias.mergeProvides = 0;
  if (common) engine.excludeNonProviders(alias, needed, alias.hasVirtualProvides);
}
