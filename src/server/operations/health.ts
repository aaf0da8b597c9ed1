import type { Exchange, Service } from '../http/exchange.ts';
import { respond, respondJson } from '../http/respond.ts';

/** Something that the server cannot work without: undefined if it is there, else what is wrong. */
export type Check = () => Promise<string | undefined> | string | undefined;

/** A check that takes longer has failed; probes have their own time-outs. */
const CHECK_MS = 2000;

/** Answers probes: /healthz whether the process answers at all, /readyz whether it should be sent requests. */
export class Health {
  readonly #checks: ReadonlyMap<string, Check>;
  #isEnding = false;

  constructor(checks: ReadonlyMap<string, Check>) {
    this.#checks = checks;
  }

  /** From now on, the server is not ready. */
  end(): void {
    this.#isEnding = true;
  }

  readonly alive: Service = {
    handle: (exchange) => respond(exchange, 200, { 'content-type': 'text/plain' }, 'ok\n'),
  };

  readonly ready: Service = { handle: (exchange) => this.#answer(exchange) };

  async #answer(exchange: Exchange): Promise<void> {
    const states = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await outcome(check)]),
    );
    const checks = Object.fromEntries([...states, ...(this.#isEnding ? [['server', 'ending']] : [])]);
    const isReady = Object.values(checks).every((state) => state === 'ok');
    // Anybody may ask: what exactly is wrong is in the log.
    respondJson(exchange, isReady ? 200 : 503, { ready: isReady, checks }, { 'cache-control': 'no-store' });
  }
}

async function outcome(check: Check): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, CHECK_MS, 'no answer');
  });
  try {
    return (await Promise.race([check(), late])) ?? 'ok';
  } catch {
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}
