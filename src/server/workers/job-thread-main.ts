import { access } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type Context, type ContextOptions, NotFetchedError, openContext } from '../../app/context.ts';
import { limitRedirects } from '../../fetch/redirects.ts';
import { REQUESTS, type RequestRecord } from '../../fetch/request-log.ts';
import { AppError } from '../../model/app-error.ts';
import { silentProgress } from '../../model/progress.ts';
import { SERVER_USE_CASES, USE_CASES, type UseCase } from '../../use-cases.ts';
import { type FromThread, type ThreadOptions, type ToThread, toSent } from './messages.ts';

const ALL = { ...USE_CASES, ...SERVER_USE_CASES };

/** Nice values of the lanes: what the event loop has to send is sent first, and then who waits for the short lane is served. */
const NICE: Readonly<Record<ThreadOptions['lane'], number>> = { short: 10, long: 15 };

/** Lets other threads go first. On Linux, a thread has a nice value of its own (setpriority(2), "C library/kernel differences"). */
function yieldToOthers(nice: number): void {
  if (process.platform !== 'linux') return;
  // Starts libuv's threads, if they have not been: they would take this value too, and read files for the event loop.
  access('.', () => {});
  setPriority(0, nice);
}

/** The thread of JobThread: runs use cases by name. */
if (parentPort !== null) {
  limitRedirects();
  const port = parentPort;
  const { env, cacheDirectory, lane, mayFetch = 'missing' } = workerData as ThreadOptions;
  yieldToOthers(NICE[lane]);
  const underWay = new Map<number, AbortController>();
  let kept: Context | undefined;

  const send = (message: FromThread): void => port.postMessage(message);

  REQUESTS.subscribe((record) => send({ kind: 'request', record: record as RequestRecord }));

  function optionsOf(name: string, signal: AbortSignal): ContextOptions {
    const progress = { ...silentProgress, note: (text: string) => send({ kind: 'note', text }) };
    const options = { env, cacheDirectory, progress, signal };
    if (lane === 'long') return name === 'index' ? options : { ...options, fetching: mayFetch };
    kept ??= { ...openContext(options), facts: new Map() };
    return { ...options, kept, fetching: 'never' };
  }

  async function run(id: number, name: string, request: unknown): Promise<void> {
    const controller = new AbortController();
    underWay.set(id, controller);
    try {
      const useCase = ALL[name as keyof typeof ALL] as UseCase<unknown, unknown>;
      send({ kind: 'report', id, report: await useCase(optionsOf(name, controller.signal), request) });
    } catch (error) {
      if (lane === 'short' && error instanceof NotFetchedError) send({ kind: 'long', id });
      else send({ kind: 'error', id, error: toSent(error) });
    } finally {
      underWay.delete(id);
    }
  }

  port.on('message', (message: ToThread) => {
    if (message.kind === 'run') void run(message.id, message.name, message.request);
    else underWay.get(message.id)?.abort(new AppError('CANCELLED', 'nobody waits for the answer any more'));
  });
}
