import { silentProgress } from '../../../src/model/progress.ts';
import type { Service } from '../../../src/server/http/exchange.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { respond } from '../../../src/server/http/respond.ts';
import {
  type Front,
  type FrontOptions,
  openFront,
  type Vitals,
} from '../../../src/server/operations/front.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

/** A server behind everything that stands before services. */
export interface Fronted {
  readonly url: string;
  readonly front: Front;
  /** What the server said to whoever runs it */
  readonly notes: string[];
}

/** Answers with who asks, and from where. */
export const WHO: Service = {
  handle: (exchange) =>
    respond(
      exchange,
      200,
      { 'content-type': 'text/plain', 'docker-content-digest': 'sha256:abc' },
      `${exchange.identity.name}@${exchange.address}`,
    ),
};

export async function startFronted(
  t: TestHooks,
  options: FrontOptions,
  { service = WHO, vitals = {} }: { service?: Service; vitals?: Partial<Vitals> } = {},
): Promise<Fronted> {
  const notes: string[] = [];
  const progress = { ...silentProgress, note: (text: string) => notes.push(text) };
  const at = { host: '127.0.0.1', port: 0 };
  const front = await openFront(
    { progress },
    { ...options, listen: at },
    { measures: [], checks: new Map(), ...vitals },
  );
  const { url, close } = await listen(front.around(service), { ...at, tls: front.tls });
  let isClosed = false;
  t.after(async () => {
    if (!isClosed) await close(0);
    isClosed = true;
    await front.close();
  });
  return { url, front, notes };
}
