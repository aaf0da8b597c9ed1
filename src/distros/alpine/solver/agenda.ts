import type { SolverRules } from '../rules.ts';
import type { Discovery } from './discovery.ts';
import { RankedQueue } from './queue.ts';
import type { NameState } from './state.ts';

/** Names that wait to be settled, in the order in which apk takes them. */
export interface Agenda {
  /** Adds a name or reconsiders its place; `again`: whether it has a selectable package has changed too. */
  queue(name: NameState, again: boolean): void;
  next(): NameState | undefined;
}

/** Returns the agenda for an apk's rules (apk-tools src/solver.c queue_unresolved, dequeue_next_name). */
export function agendaFor(rules: SolverRules, discovery: Discovery): Agenda {
  return rules.order === 'tiers' ? new Tiers(discovery) : new List(rankBy(rules.order, discovery));
}

/** Returns whether nothing can change for the name any more: it is required, and it has no more than one option. */
function isClear(name: NameState): boolean {
  return name.reverseDependsDone && name.requirers > 0 && !name.hasOptions;
}

/** Parts of a rank: names of the request go first, then names of packages, then names that are only provided. */
const REQUESTED = 2 ** 32;
const OWN = 2 ** 31;

/** Agenda of apk 3: clear names in order of arrival, then names with a selectable package by rank, then the others by rank. */
class Tiers implements Agenda {
  readonly #now: NameState[] = [];
  readonly #selectable: RankedQueue;
  readonly #unresolved: RankedQueue;

  constructor({ order }: Discovery) {
    const rankOf = (name: NameState): number => {
      if (name.id < 0) return name.requested ? REQUESTED : 0;
      const own = name.providers.some(({ pkg }) => pkg.name === name);
      return (name.requested ? REQUESTED : 0) + (own ? OWN : 0) + (order[name.id] as number);
    };
    this.#selectable = new RankedQueue('selectable', rankOf);
    this.#unresolved = new RankedQueue('unresolved', rankOf);
  }

  queue(name: NameState, again: boolean): void {
    if (name.locked) return;
    const now = name.hasAutoSelectable && isClear(name);
    if (name.queue !== undefined) {
      if (name.queue === 'now' || !(now || again)) return;
    } else if (name.requirers === 0 && !name.hasInstallIf && !name.installIfNeeded) return;
    if (now) {
      name.queue = 'now';
      this.#now.push(name);
    } else (name.hasAutoSelectable ? this.#selectable : this.#unresolved).push(name);
  }

  next(): NameState | undefined {
    for (let name = this.#now.shift(); name !== undefined; name = this.#now.shift()) {
      if (name.queue !== 'now') continue;
      name.queue = undefined;
      return name;
    }
    return this.#selectable.pop() ?? this.#unresolved.pop();
  }
}

/**
 * Agenda of apk 2: a single list. The last of the clear names is next or, if none is clear, the last of those with the highest
 * rank.
 */
class List implements Agenda {
  readonly #names = new Set<NameState>();
  readonly #rank: Rank;

  constructor(rank: Rank) {
    this.#rank = rank;
  }

  queue(name: NameState): void {
    if (name.locked) return;
    const isWanted = name.requirers > 0 || name.hasInstallIf;
    if (isWanted === (name.queue === 'listed')) return;
    name.queue = isWanted ? 'listed' : undefined;
    if (isWanted) this.#names.add(name);
    else this.#names.delete(name);
  }

  next(): NameState | undefined {
    let clear: NameState | undefined;
    let best: NameState | undefined;
    let highest = -1;
    for (const name of this.#names) {
      // A name that was settled meanwhile no longer counts as listed.
      if (name.queue !== 'listed') this.#names.delete(name);
      else if (isClear(name) && (name.hasAutoSelectable || !this.#rank.needsSelectable)) clear = name;
      else if (clear === undefined) {
        const rank = this.#rank.of(name);
        if (rank < highest) continue;
        highest = rank;
        best = name;
      }
    }
    return clear ?? best;
  }
}

interface Rank {
  of(name: NameState): number;
  /** Whether a name is clear only if it has a selectable package */
  readonly needsSelectable: boolean;
}

/** Factors of a rank, larger than the longest chain (CHAINS) and than the number of names of a walk (WALKED). */
const CHAINS = 2 ** 24;
const WALKED = 2 ** 32;

function rankBy(order: SolverRules['order'], discovery: Discovery): Rank {
  const placeOf = ({ id }: NameState): number => (id < 0 ? 0 : (discovery.order[id] as number));
  if (order === 'walk') {
    return {
      of: (name) => (Number(name.hasAutoSelectable) * 2 + Number(name.requested)) * WALKED + placeOf(name),
      needsSelectable: true,
    };
  }
  return {
    of(name) {
      const required = Number(name.requirers > 0);
      const requested = Number(name.requested);
      const rank = (requested * 3 + ownness(name)) * CHAINS + placeOf(name);
      return order === 'chains' ? rank * 2 + required : rank + required * 6 * CHAINS;
    },
    needsSelectable: false,
  };
}

/** Returns 2 if no other package provides the name, 1 if some do, 0 if only others do. */
function ownness(name: NameState): number {
  if (name.ownness !== undefined) return name.ownness;
  const others = name.providers.filter(({ pkg }) => pkg.name !== name).length;
  name.ownness = others === 0 ? 2 : others === name.providers.length ? 0 : 1;
  return name.ownness;
}
