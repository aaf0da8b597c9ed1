import { startRegistry, type TestRegistry } from '../../test/fixtures/registries.ts';

/** A docker-registry 2.8 on loopback, and what to end with it */
export interface BenchRegistry {
  readonly registry: TestRegistry;
  /** Endings run last first, whatever happens. */
  readonly after: (ending: () => void | Promise<void>) => void;
}

/** Runs work with a registry of its own; where docker-registry is not installed, says so instead. */
export async function onRegistry(work: (bench: BenchRegistry) => void | Promise<void>): Promise<void> {
  const endings: (() => void | Promise<void>)[] = [];
  const after: BenchRegistry['after'] = (ending) => endings.push(ending);
  try {
    const registry = await startRegistry({ after, diagnostic: (message) => console.log(message) });
    if (registry !== undefined) await work({ registry, after });
  } finally {
    for (const ending of endings.reverse()) await ending();
  }
}
