import type { Discovery } from './discovery.ts';
import { type Graph, nameCount, packageCount, TRIGGERS } from './graph.ts';

/** Phases of a name in the walk, one after the other. */
const DEPENDENCIES = 1;
const PROVIDES = 2;
const LEFT = 3;

/** Values of `#read` in the phase PROVIDES: before the package's own name, and at it. */
const NOTHING = -2;
const OWN = -1;

/**
 * Walk of apk 2: dependencies of every candidate of a name, then packages that its names trigger by install_if. Before 2.14.7, it
 * measures the longest chain of dependencies below a name, as far as that is known when it leaves a package, and skips provides
 * that nothing needs; since then, it numbers names in the order in which it leaves them. Source: apk-tools 2.14.0 and 2.14.10,
 * src/solver.c, discover_name.
 */
export class Discovery2 implements Discovery {
  readonly #graph: Graph;
  readonly #walksProvides: boolean;
  readonly #phase: Uint8Array;
  readonly #packageSeen: Uint8Array;
  readonly #packageChain: Int32Array;
  /** By package: position of the first of its provides that has not been walked */
  readonly #provideRead: Int32Array;
  // The names being walked, by depth: each with its current provider and the position in that one's lists; -1 or NOTHING: not begun
  readonly #stack: Int32Array;
  readonly #provider: Int32Array;
  readonly #read: Int32Array;
  readonly #triggerRead: Int32Array;
  readonly order: Int32Array;

  constructor(graph: Graph, { walksProvides }: { readonly walksProvides: boolean }) {
    const names = nameCount(graph);
    const packages = packageCount(graph);
    this.#graph = graph;
    this.#walksProvides = walksProvides;
    this.#phase = new Uint8Array(names);
    this.#packageSeen = new Uint8Array(packages);
    this.#packageChain = new Int32Array(packages);
    this.#provideRead = new Int32Array(packages);
    this.#stack = new Int32Array(names);
    this.#provider = new Int32Array(names);
    this.#read = new Int32Array(names);
    this.#triggerRead = new Int32Array(names);
    this.order = new Int32Array(names);
  }

  isSeen(name: number): boolean {
    return this.#phase[name] !== 0;
  }

  discover(roots: readonly number[]): void {
    this.#phase.fill(0);
    this.#packageSeen.fill(0);
    this.#packageChain.fill(0);
    this.#provideRead.set(this.#graph.provideStart.subarray(0, this.#provideRead.length));
    this.order.fill(0);
    let left = 0;
    for (const root of roots) if (!this.isSeen(root)) left = this.#walk(root, left);
  }

  #walk(root: number, leftBefore: number): number {
    const { providerStart, providerPackage, reachedStart, reached } = this.#graph;
    const phases = this.#phase;
    const packageSeen = this.#packageSeen;
    const chains = this.#packageChain;
    const order = this.order;
    const measures = !this.#walksProvides;
    let left = leftBefore;
    let depth = 0;
    let name = root;
    phases[name] = DEPENDENCIES;
    let index = providerStart[name] as number;
    let read = -1;
    for (;;) {
      let next = -1;
      if (phases[name] === DEPENDENCIES) {
        const end = providerStart[name + 1] as number;
        looking: for (; index < end; index += 1) {
          const pkg = providerPackage[index] as number;
          if (read < 0 && packageSeen[pkg] === 0) {
            packageSeen[pkg] = 1;
            read = reachedStart[pkg] as number;
          }
          if (read >= 0) {
            const stop = reachedStart[pkg + 1] as number;
            for (; read < stop; read += 1) {
              const needed = reached[read] as number;
              if (phases[needed] === 0) {
                next = needed;
                break looking;
              }
              const chain = (order[needed] as number) + 1;
              if (measures && chain > (chains[pkg] as number)) chains[pkg] = chain;
            }
          }
          read = -1;
          if (measures && (chains[pkg] as number) > (order[name] as number))
            order[name] = chains[pkg] as number;
        }
      }
      this.#stack[depth] = name;
      this.#provider[depth] = index;
      this.#read[depth] = read;
      if (next < 0) {
        if (phases[name] === DEPENDENCIES) {
          phases[name] = PROVIDES;
          this.#provider[depth] = providerStart[name] as number;
          this.#read[depth] = NOTHING;
        }
        next = this.#nextTriggered(name, depth);
      }
      if (next >= 0) {
        depth += 1;
        name = next;
        phases[name] = DEPENDENCIES;
        index = providerStart[name] as number;
        read = -1;
        continue;
      }
      phases[name] = LEFT;
      left += 1;
      if (!measures) order[name] = left;
      if (depth === 0) return left;
      depth -= 1;
      name = this.#stack[depth] as number;
      index = this.#provider[depth] as number;
      read = this.#read[depth] as number;
    }
  }

  /** Returns the next name that the name's packages trigger or, if provides are walked, provide; -1: none. */
  #nextTriggered(name: number, depth: number): number {
    const { providerStart, providerPackage, packageName, packageFlags, provideStart, provideName } =
      this.#graph;
    const phases = this.#phase;
    const end = providerStart[name + 1] as number;
    let index = this.#provider[depth] as number;
    let read = this.#read[depth] as number;
    for (; index < end; index += 1) {
      const pkg = providerPackage[index] as number;
      if (!this.#walksProvides && ((packageFlags[pkg] as number) & TRIGGERS) === 0) continue;
      const stop = provideStart[pkg + 1] as number;
      for (;;) {
        if (read !== NOTHING) {
          const next = this.#nextOf(
            depth,
            read === OWN ? (packageName[pkg] as number) : (provideName[read] as number),
          );
          if (next >= 0) return this.#wait(depth, { index, read, next });
          if (read >= 0 && (this.#provideRead[pkg] as number) <= read) this.#provideRead[pkg] = read + 1;
        }
        read = read === NOTHING ? OWN : Math.max(read + 1, this.#provideRead[pkg] as number);
        while (read >= 0 && read < stop && phases[provideName[read] as number] !== 0) read += 1;
        if (read >= stop) break;
        this.#triggerRead[depth] = -1;
        if (read < 0 || !this.#walksProvides) continue;
        // The name itself comes before those that it triggers.
        return this.#wait(depth, { index, read, next: provideName[read] as number });
      }
      read = NOTHING;
    }
    return -1;
  }

  #wait(depth: number, { index, read, next }: { index: number; read: number; next: number }): number {
    this.#provider[depth] = index;
    this.#read[depth] = read;
    return next;
  }

  /** Returns the next name that `trigger` triggers. */
  #nextOf(depth: number, trigger: number): number {
    const { triggerStart, triggers } = this.#graph;
    const stop = triggerStart[trigger + 1] as number;
    const begun = this.#triggerRead[depth] as number;
    for (let index = begun < 0 ? (triggerStart[trigger] as number) : begun; index < stop; index += 1) {
      const next = triggers[index] as number;
      if (this.#phase[next] !== 0) continue;
      this.#triggerRead[depth] = index + 1;
      return next;
    }
    this.#triggerRead[depth] = stop;
    return -1;
  }
}
