import type { NameState } from './state.ts';

/** Queue of names to settle, the highest rank first. A name whose `queue` is no longer this one's kind counts as removed. */
export class RankedQueue {
  readonly #kind: NameState['queue'];
  readonly #rankOf: (name: NameState) => number;
  readonly #heap: NameState[] = [];

  constructor(kind: NonNullable<NameState['queue']>, rankOf: (name: NameState) => number) {
    this.#kind = kind;
    this.#rankOf = rankOf;
  }

  push(name: NameState): void {
    name.queue = this.#kind;
    const heap = this.#heap;
    const rank = this.#rankOf(name);
    let index = heap.length;
    heap.push(name);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as NameState;
      if (this.#rankOf(above) >= rank) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = name;
  }

  pop(): NameState | undefined {
    for (let top = this.#take(); top !== undefined; top = this.#take()) {
      if (top.queue === this.#kind) {
        top.queue = undefined;
        return top;
      }
    }
    return undefined;
  }

  #take(): NameState | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    const rank = this.#rankOf(last);
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#rankOf(heap[child + 1]!) > this.#rankOf(heap[child]!)) child += 1;
      const below = heap[child] as NameState;
      if (this.#rankOf(below) <= rank) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}
