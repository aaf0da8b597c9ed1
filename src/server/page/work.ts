import type { USE_CASES } from '../../use-cases.ts';
import type { Asker } from '../content.ts';

type UseCases = typeof USE_CASES;
type Name = Exclude<keyof UseCases, 'planner'>;

/** Runs use cases for the page, off the event loop: the pool of ../workers does. */
export interface Work {
  /** @throws what the use case throws, as AppError or Error; HttpError 429 or 503 if too many wait */
  run<N extends Name>(
    name: N,
    request: Parameters<UseCases[N]>[1],
    options: { readonly asker: Asker; readonly lane?: 'short' | 'long' },
  ): Promise<Awaited<ReturnType<UseCases[N]>>>;
}
