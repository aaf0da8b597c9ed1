/** A queue that serves clients in turn, whatever the number of items each has. An item may wait in the name of several clients. */
export class FairQueue<Item> {
  /** Clients in the order of their turns */
  readonly #waiting = new Map<string, Set<Item>>();

  /** Number of items that wait in the name of a client */
  countOf(client: string): number {
    return this.#waiting.get(client)?.size ?? 0;
  }

  add(client: string, item: Item): void {
    const items = this.#waiting.get(client);
    if (items === undefined) this.#waiting.set(client, new Set([item]));
    else items.add(item);
  }

  /** Takes an item out in the name of one client; it may wait for others. */
  remove(client: string, item: Item): void {
    const items = this.#waiting.get(client);
    if (items?.delete(item) && items.size === 0) this.#waiting.delete(client);
  }

  /** Takes out the oldest item of the client whose turn it is. */
  take(): Item | undefined {
    for (const [client, items] of this.#waiting) {
      const [item] = items;
      // To the end of the clients.
      this.#waiting.delete(client);
      if (item === undefined) continue;
      this.#waiting.set(client, items);
      for (const other of [...this.#waiting.keys()]) this.remove(other, item);
      return item;
    }
    return undefined;
  }
}
