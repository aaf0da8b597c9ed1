import { type Graph, nameCount, packageCount, QUIET, type Words } from './graph.ts';

/** A walk of all names that world could lead to: those that play a part, and the order in which they are settled. */
export interface Discovery {
  /** Rank by name: the higher, the earlier it is settled; 0: not met */
  readonly order: Int32Array;
  isSeen(name: number): boolean;
  /** Forgets the last walk and walks from each of `roots` (numbers of names) in turn. */
  discover(roots: readonly number[]): void;
}

/**
 * Walk of apk 3. apk first walks everything that world could lead to, depth first: dependencies and provides of every candidate,
 * and packages tied to them by install_if in either direction. The order in which it leaves names decides which is settled first,
 * so the whole graph is walked: 18,000 names for nearly any package of Alpine, hence the flat loop.
 */
export class Discovery3 implements Discovery {
  readonly #graph: Graph;
  /** By name: phase of the walk, in apk's order; 0: not met */
  readonly #phase: Uint8Array;
  /** By name: the current provider */
  readonly #provider: Int32Array;
  /** Positions in the lists of names and packages; all entries before a position have been met. */
  readonly #triggersRead: Int32Array;
  readonly #reachedRead: Int32Array;
  readonly #heardRead: Int32Array;
  readonly #rulesRead: Int32Array;
  readonly #plainRead: Int32Array;
  /** By package: one more than the name for which its dependencies are walked, the first that leads to it; 0: none */
  readonly #owner: Int32Array;
  readonly #stack: Int32Array;
  /** By name: 1 for the first name that the walk left, 2 for the next…; 0: not met */
  readonly order: Int32Array;

  constructor(graph: Graph) {
    const names = nameCount(graph);
    const packages = packageCount(graph);
    this.#graph = graph;
    this.#phase = new Uint8Array(names);
    this.#provider = new Int32Array(names);
    this.#triggersRead = new Int32Array(names);
    this.#reachedRead = new Int32Array(packages);
    this.#heardRead = new Int32Array(packages);
    this.#rulesRead = new Int32Array(packages);
    this.#plainRead = new Int32Array(names);
    this.#owner = new Int32Array(packages);
    this.#stack = new Int32Array(names + 1);
    this.order = new Int32Array(names);
  }

  isSeen(name: number): boolean {
    return this.#phase[name] !== 0;
  }

  discover(roots: readonly number[]): void {
    const graph = this.#graph;
    this.#phase.fill(0);
    this.#owner.fill(0);
    this.order.fill(0);
    // A package's list omits a quiet name only if the walk does not start from that name later.
    const quiet = roots.some((root, index) => index > 0 && graph.nameFlags[root] === QUIET);
    const heardStart = quiet ? graph.provideStart : graph.heardStart;
    this.#triggersRead.set(graph.triggerStart.subarray(0, this.#triggersRead.length));
    this.#reachedRead.set(graph.reachedStart.subarray(0, this.#reachedRead.length));
    this.#heardRead.set(heardStart.subarray(0, this.#heardRead.length));
    this.#rulesRead.set(graph.installIfStart.subarray(0, this.#rulesRead.length));
    this.#plainRead.set(graph.plainStart.subarray(0, this.#plainRead.length));
    let left = 0;
    for (const root of roots) {
      if (!this.isSeen(root))
        left = this.#walk(root, left, quiet ? graph.provideName : graph.heard, heardStart);
    }
  }

  #walk(root: number, leftBefore: number, heard: Words, heardStart: Words): number {
    const { providerStart, providerPackage, packageName, triggerStart, triggers } = this.#graph;
    const { reachedStart, reached, installIfStart, installIfs, relationName } = this.#graph;
    const { plainStart, plain, plainLeft } = this.#graph;
    const plainRead = this.#plainRead;
    const complete = heard === this.#graph.provideName;
    const phases = this.#phase;
    const providers = this.#provider;
    const triggersRead = this.#triggersRead;
    const reachedRead = this.#reachedRead;
    const heardRead = this.#heardRead;
    const rulesRead = this.#rulesRead;
    const owner = this.#owner;
    const stack = this.#stack;
    const order = this.order;
    let left = leftBefore;
    let depth = 0;
    let name = root;
    phases[name] = 1;
    providers[name] = providerStart[name] as number;
    walking: for (;;) {
      const before = complete ? -1 : (plainLeft[name] as number) - 1;
      if (before >= 0) {
        const first = plainStart[name] as number;
        const turn = first + before;
        const stop = plainStart[name + 1] as number;
        let read = plainRead[name] as number;
        let next = -1;
        for (; read < turn; read += 1) {
          const other = plain[read] as number;
          if (phases[other] !== 0) continue;
          next = other;
          break;
        }
        if (next < 0) {
          if (order[name] === 0) {
            left += 1;
            order[name] = left;
          }
          for (; read < stop; read += 1) {
            const other = plain[read] as number;
            if (phases[other] !== 0) continue;
            next = other;
            break;
          }
        }
        if (next < 0) {
          if (depth === 0) return left;
          depth -= 1;
          name = stack[depth] as number;
          continue;
        }
        plainRead[name] = read + 1;
        stack[depth] = name;
        depth += 1;
        name = next;
        phases[name] = 1;
        providers[name] = providerStart[name] as number;
        continue;
      }
      const end = providerStart[name + 1] as number;
      let phase = phases[name] as number;
      let index = providers[name] as number;
      let next = -1;
      looking: for (;;) {
        if (phase === 1) {
          for (; index < end; index += 1) {
            const pkg = providerPackage[index] as number;
            if (owner[pkg] === 0) owner[pkg] = name + 1;
            else if (owner[pkg] !== name + 1) continue;
            const stop = reachedStart[pkg + 1] as number;
            for (let read = reachedRead[pkg] as number; read < stop; read += 1) {
              next = reached[read] as number;
              if (phases[next] === 0) {
                reachedRead[pkg] = read + 1;
                break looking;
              }
            }
            reachedRead[pkg] = stop;
          }
          phase = 2;
        }
        if (phase === 2) {
          const stop = triggerStart[name + 1] as number;
          for (let read = triggersRead[name] as number; read < stop; read += 1) {
            next = triggers[read] as number;
            if (phases[next] === 0) {
              triggersRead[name] = read + 1;
              break looking;
            }
          }
          triggersRead[name] = stop;
          phase = 3;
          index = providerStart[name] as number;
        }
        if (phase === 3) {
          for (; index < end; index += 1) {
            const pkg = providerPackage[index] as number;
            const own = packageName[pkg] as number;
            const last = triggerStart[own + 1] as number;
            for (let read = triggersRead[own] as number; read < last; read += 1) {
              next = triggers[read] as number;
              if (phases[next] === 0) {
                triggersRead[own] = read + 1;
                break looking;
              }
            }
            triggersRead[own] = last;
            const stop = heardStart[pkg + 1] as number;
            for (let read = heardRead[pkg] as number; read < stop; read += 1) {
              next = heard[read] as number;
              if (phases[next] === 0) {
                heardRead[pkg] = read + 1;
                break looking;
              }
            }
            heardRead[pkg] = stop;
          }
          left += 1;
          order[name] = left;
          phase = 4;
          index = providerStart[name] as number;
        }
        for (; index < end; index += 1) {
          const pkg = providerPackage[index] as number;
          const stop = installIfStart[pkg + 1] as number;
          for (let read = rulesRead[pkg] as number; read < stop; read += 1) {
            next = relationName[installIfs[read] as number] as number;
            if (phases[next] === 0) {
              rulesRead[pkg] = read + 1;
              break looking;
            }
          }
          rulesRead[pkg] = stop;
        }
        phases[name] = 4;
        if (depth === 0) return left;
        depth -= 1;
        name = stack[depth] as number;
        continue walking;
      }
      phases[name] = phase;
      providers[name] = index;
      stack[depth] = name;
      depth += 1;
      name = next;
      phases[name] = 1;
      providers[name] = providerStart[name] as number;
    }
  }
}
