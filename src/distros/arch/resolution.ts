import { AppError } from '../../model/app-error.ts';
import type { CatalogPackage, IndexPackage, SolveProblem } from '../../model/package.ts';
import { PackageList } from './package-list.ts';
import { type Displaced, explainMissing, missingLine, WORLD } from './problems.ts';
import type { Relation } from './relation.ts';
import { relationText } from './relation.ts';
import { fullName, type Session } from './session.ts';
import type { Targets } from './targets.ts';

/**
 * pacman reports a requirement each time that it meets it (250,000 lines for some packages of 2022-09). The first lines are
 * exactly pacman's; after these, a package that can never be resolved is not tried again.
 */
const MAX_EXACT_LINES = 1000;
/** Packages with the same requirement that are reported with their chains. */
const MAX_TERMS = 10;
/** Links of a chain that are reported, from the outermost; real chains stay below 100. */
const MAX_CHAIN = 200;
/** Packages tried: a hostile index can make failures exponential. The largest real requests try 34,000. */
const MAX_STEPS = 500_000;

/** A package whose requirements are being resolved. */
interface Frame {
  readonly entry: CatalogPackage;
  /** Requirements that neither the package itself nor an installed package meets */
  readonly wanted: readonly Relation[];
  /** Length of the resolved list before it, which is restored when it fails */
  readonly before: number;
  next: number;
  complete: boolean;
}

/** The requirement that brought a package onto the list. */
interface Pull {
  readonly requirer: CatalogPackage;
  readonly wanted: Relation;
}

/**
 * Resolves dependencies as libalpm's _alpm_resolvedeps does: packages in the order in which they are met, dependencies after
 * those that need them.
 * @throws AppError LIMIT (from the constructor) when it takes too many steps
 */
export class Resolution {
  readonly resolved: PackageList;
  /** Targets that cannot be resolved */
  readonly failed: CatalogPackage[] = [];
  /** Lines of pacman, in its order: `unable to satisfy dependency 'x' required by y` */
  readonly lines: string[] = [];
  readonly #session: Session;
  readonly #targets: Targets;
  readonly #removed: PackageList<IndexPackage>;
  /** Installed packages that the targets leave as they are */
  readonly #untouched: PackageList<IndexPackage>;
  readonly #frames: Frame[] = [];
  readonly #wanted = new Map<number, readonly Relation[]>();
  /** Package id → the requirement that brought it onto the resolved list */
  readonly #pulledBy = new Map<number, Pull>();
  readonly #unmet = new Map<
    string,
    { wanted: Relation; askers: Map<number, string[]>; displaced: Displaced | undefined }
  >();
  /** Ids of packages that can never be resolved: some requirement has no candidates or only doomed ones. */
  readonly #doomed = new Set<number>();
  #steps = 0;

  constructor(session: Session, targets: Targets) {
    this.#session = session;
    this.#targets = targets;
    this.resolved = new PackageList(session.relations);
    this.#removed = new PackageList(
      session.relations,
      new Set(targets.list.packages.flatMap((entry) => targets.removedBy(entry))),
    );
    this.#untouched = session.installed.without(targets.list).without(this.#removed);
    for (const target of targets.list.packages) if (!this.#resolve(target)) this.failed.push(target);
  }

  /** Returns a problem for each requirement that nothing meets; packages that fail only because of it are not reported. */
  problems(): SolveProblem[] {
    return [...this.#unmet.values()].map(({ wanted, askers, displaced }) => {
      const chains = [...askers.values()].slice(0, MAX_TERMS);
      return explainMissing({ wanted, chains, more: askers.size - chains.length, displaced }, this.#session);
    });
  }

  /** Returns the requirement and the chain that brought a package onto the resolved list. */
  because(entry: IndexPackage): { requirement: string; chain: string[] } {
    const chain: IndexPackage[] = [];
    const pull = this.#pull(entry);
    for (let link = pull; link !== undefined; link = this.#pull(link.requirer)) chain.push(link.requirer);
    const requirement = pull === undefined ? entry.name : relationText(pull.wanted);
    return { requirement, chain: chainOf(chain.reverse()) };
  }

  #pull(entry: IndexPackage): Pull | undefined {
    if (this.#targets.list.named(entry.name) === entry) return undefined;
    return this.#pulledBy.get((entry as CatalogPackage).id);
  }

  /** Adds the package with its dependencies, or nothing. Returns whether it was added. */
  #resolve(target: CatalogPackage): boolean {
    let succeeded = this.#enter(target);
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const wanted = frame.wanted[frame.next];
      if (wanted === undefined) {
        succeeded = this.#leave();
        const parent = this.#frames.at(-1);
        const pulled = parent?.wanted[parent.next - 1];
        if (parent !== undefined && pulled !== undefined && !succeeded)
          this.#reportMissing(parent, pulled, true);
        continue;
      }
      frame.next += 1;
      if (this.resolved.firstSatisfier(wanted) !== undefined) continue;
      const choice = this.#choose(wanted);
      if (choice === undefined) this.#reportMissing(frame, wanted, false);
      else {
        this.#pulledBy.set(choice.id, { requirer: frame.entry, wanted });
        if (this.#enter(choice) === false) this.#reportMissing(frame, wanted, true);
      }
    }
    return succeeded;
  }

  #choose(wanted: Relation): CatalogPackage | undefined {
    return (
      this.#targets.list.firstSatisfier(wanted) ??
      this.#session.databases.find(wanted, {
        excluding: this.resolved,
        installed: this.#session.installed,
        isIgnored: this.#session.passesOver,
      })
    );
  }

  /** Puts a package on the list and opens a frame for it, unless it is there already. Returns false if it cannot be resolved. */
  #enter(entry: CatalogPackage): boolean {
    if (this.resolved.named(entry.name) !== undefined) return true;
    if (this.#doomed.has(entry.id) && this.lines.length >= MAX_EXACT_LINES) return false;
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) {
      // Without installed packages that could meet a requirement instead, one failure fails the whole request.
      if (this.lines.length > 0 && this.#session.installed.packages.length === 0) return false;
      throw new AppError(
        'LIMIT',
        `the dependencies of ${this.#frames[0]?.entry.name} take too long to resolve: expected at most ${MAX_STEPS} steps`,
      );
    }
    const before = this.resolved.packages.length;
    this.resolved.add(entry);
    this.#frames.push({ entry, wanted: this.#requirements(entry), before, next: 0, complete: true });
    return true;
  }

  #requirements(entry: CatalogPackage): readonly Relation[] {
    const known = this.#wanted.get(entry.id);
    if (known !== undefined) return known;
    const session = this.#session;
    const wanted = entry.depends
      .map((text) => session.requirement(text))
      .filter(
        (wanted) =>
          !session.relations.satisfies(entry, wanted) &&
          this.#untouched.firstSatisfier(wanted, entry.name) === undefined &&
          !session.isAssumed(wanted),
      );
    this.#wanted.set(entry.id, wanted);
    return wanted;
  }

  #leave(): boolean {
    const frame = this.#frames.pop();
    if (frame === undefined || frame.complete) return true;
    this.resolved.truncate(frame.before);
    return false;
  }

  /** Reports a requirement that is not met. `had`: a package would meet it, but failed itself. */
  #reportMissing(frame: Frame, wanted: Relation, had: boolean): void {
    const session = this.#session;
    if (session.findInstalled(wanted, this.#removed) !== undefined) return;
    frame.complete = false;
    if (this.lines.length < MAX_EXACT_LINES) {
      this.lines.push(missingLine(frame.entry.name, wanted));
      session.warnings.push(
        `cannot resolve "${relationText(wanted)}", a dependency of "${frame.entry.name}"`,
      );
    }
    if (!had) this.#report(frame, wanted);
    if (!this.#doomed.has(frame.entry.id) && this.#isHopeless(wanted)) this.#doomed.add(frame.entry.id);
  }

  #isHopeless(wanted: Relation): boolean {
    const { databases, relations } = this.#session;
    return databases
      .considered(wanted.name)
      .every((entry) => this.#doomed.has(entry.id) || !relations.satisfies(entry, wanted));
  }

  #report({ entry }: Frame, wanted: Relation): void {
    const requirement = relationText(wanted);
    let unmet = this.#unmet.get(requirement);
    if (unmet === undefined) {
      if (this.#unmet.size >= MAX_EXACT_LINES) return;
      unmet = { wanted, askers: new Map(), displaced: this.#displaced(wanted) };
      this.#unmet.set(requirement, unmet);
    }
    if (unmet.askers.has(entry.id)) return;
    const reported = unmet.askers.size < MAX_TERMS;
    unmet.askers.set(entry.id, reported ? chainOf(this.#frames.map((frame) => frame.entry)) : []);
  }

  /** Returns a package that would meet the requirement, if another one of its name is on the list already. */
  #displaced(wanted: Relation): Displaced | undefined {
    for (const old of this.#session.databases.candidates(wanted)) {
      const by = this.resolved.named(old.name);
      if (by !== undefined) return { old, by };
    }
    return undefined;
  }
}

function chainOf(packages: readonly IndexPackage[]): string[] {
  const reported =
    packages.length <= MAX_CHAIN
      ? packages.map(fullName)
      : [...packages.slice(0, MAX_CHAIN - 1).map(fullName), '…'];
  const last = packages.at(-1);
  return [WORLD, ...reported, ...(packages.length > MAX_CHAIN && last !== undefined ? [fullName(last)] : [])];
}
