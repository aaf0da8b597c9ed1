import type { Relation } from './relation.ts';
import { compareProviders } from './solver-compare.ts';
import type { Discovery } from './solver-discovery.ts';
import {
  type Candidate,
  type Dependency,
  isAutoSelectable,
  isProvided,
  labelOf,
  type NameState,
  type Provider,
} from './solver-model.ts';

/**
 * Constraint propagation without backtracking, as apk does it: names whose providers may have changed are looked
 * at again until nothing moves, then one name is settled for good, and so on.
 */
export class Engine {
  readonly #dirty: NameState[] = [];
  readonly #unresolved = new Set<NameState>();
  readonly #discovery: Discovery;
  readonly errors: {
    readonly candidate: Candidate | null;
    readonly name: NameState;
    readonly why: string;
  }[] = [];

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  run(world: readonly Dependency[]): void {
    for (const { relation, name } of world) {
      this.#read(name);
      this.#apply(null, relation, name);
      if (!relation.conflict) name.explicit = true;
    }
    for (;;) {
      for (let name = this.#dirty.shift(); name !== undefined; name = this.#dirty.shift()) {
        name.dirty = false;
        this.#reconsider(name);
      }
      const next = this.#next();
      if (next === undefined) return;
      this.#unresolved.delete(next);
      this.#settle(next);
    }
  }

  #next(): NameState | undefined {
    let best: NameState | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const name of this.#unresolved) {
      const rank = rankOf(name);
      if (rank < bestRank) {
        best = name;
        bestRank = rank;
      }
    }
    return best;
  }

  /** Reads a name's providers and brings those that are new up to what was settled before they were known. */
  #read(name: NameState): void {
    for (const candidate of this.#discovery.readProviders(name)) {
      this.#admit(candidate, candidate.name, candidate.package.version);
      for (const provide of candidate.provides) this.#admit(candidate, provide.name, provide.version);
      if (!candidate.depends.some((dependency) => dependency.name.reverseRechecked)) continue;
      candidate.name.recheckDepends = true;
      for (const provide of candidate.provides) provide.name.recheckDepends = true;
    }
  }

  #admit(candidate: Candidate, name: NameState, version: string): void {
    const provider = { candidate, version };
    for (const { by, relation } of name.askedBy) this.#constrain(provider, by, relation);
    if (name.locked && !shares(name.chosen, provider)) {
      this.#disqualify(candidate, `${name.name} is settled already`);
    }
    for (const needed of name.reservedFor) {
      if (!goesBy(candidate, needed)) this.#disqualify(candidate, `${name.name} goes with ${needed.name}`);
    }
  }

  #constrain(provider: Provider, owner: Candidate | null, relation: Relation): void {
    const { candidate } = provider;
    if (isProvided(relation, provider, owner)) {
      inheritTags(candidate, owner, relation);
      return;
    }
    candidate.conflicts += 1;
    if (candidate.settled) this.#fail(candidate, candidate.name, `${labelOf(owner)} needs ${relation.text}`);
    if (candidate.selectable) this.#disqualify(candidate, `${labelOf(owner)} needs ${relation.text}`);
  }

  /** A requirement of `owner` (null: world) on a name, told to all its providers. */
  #apply(owner: Candidate | null, relation: Relation, name: NameState): void {
    if (!relation.conflict) this.#read(name);
    name.askedBy.push({ by: owner, relation });
    if (!relation.conflict) {
      name.requirers += 1;
      if (name.requirers === 1) this.#requirersChanged(name);
      if (name.locked && name.chosen === null)
        this.errors.push({ candidate: null, name, why: 'no provider' });
    }
    for (const provider of name.providers) this.#constrain(provider, owner, relation);
  }

  #requirersChanged(name: NameState): void {
    this.#queueUnresolved(name);
    for (const reverse of name.reverseInstallIf.values()) this.#recheckInstallIf(reverse);
    this.#queueDirty(name);
  }

  #queueDirty(name: NameState): void {
    if (name.dirty || name.locked || !name.read) return;
    if (name.requirers === 0 && !name.recheckInstallIf) return;
    name.dirty = true;
    this.#dirty.push(name);
  }

  #queueUnresolved(name: NameState): void {
    if (name.locked) return;
    if (name.requirers > 0 || name.hasInstallIf) this.#unresolved.add(name);
    else this.#unresolved.delete(name);
  }

  #recheckInstallIf(name: NameState): void {
    if (!name.read) return;
    name.recheckInstallIf = true;
    this.#queueDirty(name);
  }

  #recheckReverse(name: NameState): void {
    name.reverseRechecked = true;
    for (const reverse of name.reverseDepends.values()) {
      reverse.recheckDepends = true;
      this.#queueDirty(reverse);
    }
  }

  #recheckInstallIfOf(candidate: Candidate): void {
    for (const reverse of candidate.name.reverseInstallIf.values()) this.#recheckInstallIf(reverse);
    for (const { name } of candidate.provides) {
      for (const reverse of name.reverseInstallIf.values()) this.#recheckInstallIf(reverse);
    }
  }

  #disqualify(candidate: Candidate, why: string): void {
    candidate.selectable = false;
    if (candidate.disqualified === '') candidate.disqualified = why;
    this.#recheckReverse(candidate.name);
    for (const { name } of candidate.provides) this.#recheckReverse(name);
    this.#recheckInstallIfOf(candidate);
  }

  #satisfiable(owner: Candidate, { relation, name }: Dependency): boolean {
    if (name.locked) return isProvided(relation, name.chosen, owner);
    if (name.requirers === 0 && isProvided(relation, null, owner)) return true;
    this.#read(name);
    return name.providers.some(
      (provider) => provider.candidate.selectable && isProvided(relation, provider, owner),
    );
  }

  #reconsider(name: NameState): void {
    if (name.locked) return;
    const { recheckDepends, recheckInstallIf } = name;
    name.recheckDepends = false;
    name.recheckInstallIf = false;
    name.hasInstallIf = false;
    const options: Provider[] = [];
    for (const provider of name.providers) {
      const { candidate } = provider;
      if (recheckDepends && candidate.selectable) {
        const lost = candidate.depends.find((dependency) => !this.#satisfiable(candidate, dependency));
        if (lost !== undefined) {
          this.#disqualify(candidate, `nothing can satisfy its dependency ${lost.relation.text}`);
        }
      }
      if (!candidate.selectable) continue;
      if (recheckInstallIf) checkInstallIf(candidate);
      name.hasInstallIf ||= candidate.installIfTriggered;
      if (name.requirers > 0) options.push(provider);
    }
    name.hasOptions = options.length > 1 || options.some(({ candidate }) => !candidate.tagOk);
    name.hasAutoSelectable = options.some(isAutoSelectable);
    name.reverseDependsDone = name.reverseDepends
      .values()
      .every((reverse) => reverse.locked || reverse.requirers === 0);
    this.#queueUnresolved(name);
    if (options.length > 0) this.#propagate(name, options);
  }

  /** What all remaining options have in common holds already. */
  #propagate(name: NameState, options: readonly Provider[]): void {
    const candidates = [...new Set(options.map((option) => option.candidate))];
    const [first, ...rest] = candidates;
    if (first === undefined) return;
    if (rest.length === 0) this.#applyDependencies(first);
    else {
      for (const { relation, name: wanted } of first.depends) {
        if (relation.conflict || wanted.requirers > 0) continue;
        const common = rest.every((other) =>
          other.depends.some((one) => one.name === wanted && !one.relation.conflict),
        );
        if (!common) continue;
        this.#read(wanted);
        wanted.requirers += 1;
        this.#requirersChanged(wanted);
      }
    }
    for (const alias of aliasesOf(first)) {
      if (rest.every((other) => aliasesOf(other).has(alias))) this.#excludeNonProviders(alias, name);
    }
  }

  /** `alias` will be taken by whichever provider of `needed` is chosen: others of that name are out. */
  #excludeNonProviders(alias: NameState, needed: NameState): void {
    if (alias === needed) return;
    alias.reservedFor.push(needed);
    for (const { candidate } of alias.providers) {
      if (!candidate.selectable || goesBy(candidate, needed)) continue;
      this.#disqualify(candidate, `${alias.name} is to be provided by what provides ${needed.name}`);
    }
  }

  #applyDependencies(candidate: Candidate): void {
    if (candidate.constraintsApplied) return;
    candidate.constraintsApplied = true;
    for (const { relation, name } of candidate.depends) this.#apply(candidate, relation, name);
  }

  #settle(name: NameState): void {
    let chosen: Provider | null = null;
    for (const provider of name.providers) {
      const { candidate } = provider;
      if (name.requirers === 0 && !(candidate.installIfTriggered && candidate.tagOk)) continue;
      if (!isAutoSelectable(provider)) continue;
      if (chosen === null || compareProviders(provider, chosen) > 0) chosen = provider;
    }
    if (chosen === null) {
      this.#assign(name, null);
      if (name.requirers > 0) this.errors.push({ candidate: null, name, why: 'no provider' });
      return;
    }
    const { candidate } = chosen;
    if (!candidate.selectable) this.#fail(candidate, name, candidate.disqualified);
    else if (!candidate.tagOk) this.#fail(candidate, name, 'masked');
    candidate.settled = true;
    this.#assign(candidate.name, { candidate, version: candidate.package.version });
    for (const { name: alias, version } of candidate.provides) this.#assign(alias, { candidate, version });
    this.#applyDependencies(candidate);
  }

  #assign(name: NameState, provider: Provider | null): void {
    if (name.locked) {
      if (provider !== null && provider.version === '' && name.chosen?.version === '') return;
      if (provider !== null)
        this.#fail(provider.candidate, name, `${name.name} is provided by another already`);
      if (name.chosen !== null)
        this.#fail(name.chosen.candidate, name, `${name.name} is provided by another too`);
      return;
    }
    name.locked = true;
    name.chosen = provider;
    this.#unresolved.delete(name);
    for (const other of name.providers) {
      if (shares(provider, other)) continue;
      if (other.candidate.selectable || other.candidate.disqualified === '') {
        this.#disqualify(
          other.candidate,
          provider === null
            ? `${name.name} is settled as not installed`
            : `${labelOf(provider.candidate)} provides ${name.name}`,
        );
      }
    }
    for (const reverse of this.#discovery.readInstallIf(name)) this.#read(reverse);
    this.#recheckReverse(name);
    if (provider === null)
      for (const reverse of name.reverseInstallIf.values()) this.#recheckInstallIf(reverse);
    else this.#recheckInstallIfOf(provider.candidate);
  }

  #fail(candidate: Candidate, name: NameState, why: string): void {
    if (candidate.failed) return;
    candidate.failed = true;
    this.errors.push({ candidate, name, why });
  }
}

/** One package may go by a name twice, and several may without a version. */
function shares(chosen: Provider | null, other: Provider): boolean {
  return (
    chosen !== null &&
    (chosen.candidate === other.candidate || (chosen.version === '' && other.version === ''))
  );
}

/** Lower is settled first. */
function rankOf(name: NameState): number {
  if (name.requirers === 0) return 5;
  if (!name.hasAutoSelectable) return 4;
  if (name.explicit) return 0;
  if (!name.reverseDependsDone) return 3;
  return name.hasOptions ? 2 : 1;
}

function checkInstallIf(candidate: Candidate): void {
  if (candidate.installIfTriggered || candidate.installIfFailed) return;
  let triggered = true;
  for (const { relation, name } of candidate.installIf) {
    if (!name.locked) triggered = false;
    else if (!isProvided(relation, name.chosen, candidate)) {
      candidate.installIfFailed = true;
      return;
    }
  }
  candidate.installIfTriggered = triggered;
}

function inheritTags(candidate: Candidate, owner: Candidate | null, relation: Relation): void {
  if (owner !== null) for (const tag of owner.allowedTags) candidate.allowedTags.add(tag);
  else if (relation.tag !== '') {
    candidate.allowedTags.add(relation.tag);
    candidate.tagPreferred = candidate.tags.has(relation.tag);
  }
  candidate.tagOk ||= [...candidate.tags].some((tag) => candidate.allowedTags.has(tag));
}

function aliasesOf(candidate: Candidate): ReadonlySet<NameState> {
  const aliases = new Set([candidate.name]);
  for (const { name, version } of candidate.provides) if (version !== '') aliases.add(name);
  return aliases;
}

function goesBy(candidate: Candidate, name: NameState): boolean {
  return candidate.name === name || candidate.provides.some((provide) => provide.name === name);
}
