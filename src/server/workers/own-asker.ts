import type { Asker } from '../content.ts';

/** Returns the asker of work that the server does for itself, or for whoever may want it. @param signal ends it */
export function ownAsker(signal: AbortSignal): Asker {
  return { address: '', identity: { name: '', may: () => true }, signal };
}
