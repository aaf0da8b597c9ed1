import { availableParallelism } from 'node:os';
import type { Progress } from '../../model/progress.ts';
import type { Asker } from '../content.ts';
import { HttpError } from '../http/http-error.ts';
import { FairQueue } from './fair-queue.ts';
import { JobThread } from './job-thread.ts';
import { type JobName, type JobReport, type JobRequest, type Lane, NeedsLongLane } from './messages.ts';

/** Limits of a lane. */
export interface LaneLimits {
  readonly threads: number;
  /** Jobs at a time on one thread */
  readonly jobsPerThread: number;
  /** Time that a job may take once it has started, in milliseconds */
  readonly timeoutMs: number;
}

/** Limits of a pool. */
export interface PoolLimits {
  readonly short: LaneLimits;
  readonly long: LaneLimits;
  /** Jobs that may wait, in all and of one client */
  readonly maxWaiting: number;
  readonly maxWaitingPerClient: number;
}

/** Leaves a core to the event loop: each thread compiles the code and reads the solver's graph for itself. */
const SHORT_THREADS = availableParallelism() > 2 ? 2 : 1;

/** Limits of a server. Clients wait some 100 s for a manifest; reading all of a mirror may take longer. */
export const POOL_LIMITS: PoolLimits = {
  short: { threads: SHORT_THREADS, jobsPerThread: 1, timeoutMs: 60_000 },
  long: { threads: 1, jobsPerThread: 8, timeoutMs: 1_800_000 },
  maxWaiting: 1_000,
  maxWaitingPerClient: 100,
};

/** Runs use cases on threads of their own, so that the event loop never waits for them. */
export interface Pool {
  /**
   * Runs a use case. Equal requests that are under way are one job. Clients, which are identities or else addresses, are served
   * in turn. A job that nobody waits for any more is cancelled. Reports are shared, and must not be changed.
   * @throws what the use case throws, as AppError or Error; HttpError 429 or 503 with Retry-After if too many jobs wait, 503 if
   * the job takes too long or its thread ends; the reason of `asker.signal` if it is aborted
   */
  run<Name extends JobName>(name: Name, request: JobRequest<Name>, asker: Asker): Promise<JobReport<Name>>;
  /** Jobs that wait, and that are under way */
  load(): Readonly<Record<Lane, LaneLoad>>;
  /** Ends all threads; jobs reject. */
  close(): Promise<void>;
}

/** Jobs of a lane. */
export interface LaneLoad {
  readonly waiting: number;
  readonly running: number;
}

/** What a pool runs jobs with. */
export interface PoolOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cacheDirectory?: string | undefined;
  readonly progress: Progress;
  /** What jobs may fetch, as in Context; default: what is missing */
  readonly mayFetch?: 'missing' | 'archives';
  /** Default: POOL_LIMITS */
  readonly limits?: PoolLimits;
  /** Default: a JobThread */
  readonly startThread?: (lane: Lane) => JobThread;
}

interface Job {
  readonly name: JobName;
  readonly request: unknown;
  readonly key: string;
  /** How often each client waits for it */
  readonly clients: Map<string, number>;
  readonly controller: AbortController;
  readonly answer: PromiseWithResolvers<unknown>;
  lane: Lane;
  isRunning: boolean;
}

interface LaneState {
  readonly limits: LaneLimits;
  readonly queue: FairQueue<Job>;
  readonly threads: Set<JobThread>;
  waiting: number;
  running: number;
}

/** Time that a job has to end after it was cancelled, before its thread is ended, in milliseconds. */
const CANCEL_MS = 1_000;

/** Starts a pool; its threads start when they are first needed. */
export function openPool(options: PoolOptions): Pool {
  const { env, cacheDirectory, progress, mayFetch = 'missing', limits = POOL_LIMITS } = options;
  const note = (text: string): void => progress.note(text);
  const startThread =
    options.startThread ??
    ((lane) => new JobThread({ env: { ...env }, cacheDirectory, lane, mayFetch }, note));
  const jobs = new Map<string, Job>();
  const stateOf = (of: LaneLimits): LaneState => ({
    limits: of,
    queue: new FairQueue(),
    threads: new Set(),
    waiting: 0,
    running: 0,
  });
  const lanes: Readonly<Record<Lane, LaneState>> = {
    short: stateOf(limits.short),
    long: stateOf(limits.long),
  };
  let isClosed = false;

  function freeThread(lane: Lane): JobThread | undefined {
    const { threads, limits: of } = lanes[lane];
    for (const thread of threads) if (thread.hasEnded) threads.delete(thread);
    const free = [...threads].find((thread) => thread.jobs < of.jobsPerThread);
    if (free !== undefined || threads.size >= of.threads) return free;
    const started = startThread(lane);
    threads.add(started);
    return started;
  }

  function startJobs(lane: Lane): void {
    const state = lanes[lane];
    while (state.waiting > 0 && !isClosed) {
      const thread = freeThread(lane);
      const job = thread === undefined ? undefined : state.queue.take();
      if (thread === undefined || job === undefined) return;
      state.waiting -= 1;
      void run(job, thread);
    }
  }

  async function run(job: Job, thread: JobThread): Promise<void> {
    const { lane, controller, answer } = job;
    const state = lanes[lane];
    const { timeoutMs, jobsPerThread } = state.limits;
    let isLate = false;
    let killing: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      // The other jobs of the thread would end with it.
      if (!isLate && jobsPerThread > 1) return;
      killing = setTimeout(() => void thread.close(new Error(`${job.name} did not end`)), CANCEL_MS);
    };
    const timer = setTimeout(() => {
      isLate = true;
      controller.abort(unavailable(`this took more than ${timeoutMs / 1000} s`));
    }, timeoutMs);
    controller.signal.addEventListener('abort', onAbort, { once: true });
    job.isRunning = true;
    state.running += 1;
    try {
      answer.resolve(await thread.run(job.name, job.request, controller.signal));
    } catch (error) {
      if (controller.signal.aborted) answer.reject(controller.signal.reason);
      else if (error instanceof NeedsLongLane) job.lane = 'long';
      else if (isClosed) answer.reject(ending());
      else answer.reject(thread.hasEnded ? unavailable('the thread of this request ended', error) : error);
    } finally {
      clearTimeout(timer);
      clearTimeout(killing);
      controller.signal.removeEventListener('abort', onAbort);
      job.isRunning = false;
      state.running -= 1;
      if (job.lane === lane) forget(job);
      else enqueue(job);
      startJobs(lane);
      startJobs(job.lane);
    }
  }

  function enqueue(job: Job): void {
    const { queue } = lanes[job.lane];
    lanes[job.lane].waiting += 1;
    for (const client of job.clients.keys()) queue.add(client, job);
  }

  function forget(job: Job): void {
    if (jobs.get(job.key) === job) jobs.delete(job.key);
  }

  function join(job: Job, client: string): void {
    job.clients.set(client, (job.clients.get(client) ?? 0) + 1);
    if (!job.isRunning) lanes[job.lane].queue.add(client, job);
  }

  function leave(job: Job, client: string): void {
    const left = (job.clients.get(client) ?? 0) - 1;
    if (left > 0) {
      job.clients.set(client, left);
      return;
    }
    job.clients.delete(client);
    if (jobs.get(job.key) !== job) return;
    lanes[job.lane].queue.remove(client, job);
    if (job.clients.size > 0) return;
    forget(job);
    if (job.isRunning) job.controller.abort(unavailable('nobody waits any more'));
    else lanes[job.lane].waiting -= 1;
  }

  function checkRoom(lane: Lane, client: string): void {
    if (lanes[lane].queue.countOf(client) >= limits.maxWaitingPerClient) {
      const text = `${limits.maxWaitingPerClient} requests of this client wait already`;
      throw new HttpError(429, 'TOOMANYREQUESTS', text, { headers: RETRY_LATER });
    }
    if (lanes.short.waiting + lanes.long.waiting >= limits.maxWaiting)
      throw unavailable(`${limits.maxWaiting} requests wait already`);
  }

  function jobOf(name: JobName, request: unknown, client: string): Job {
    const key = JSON.stringify([name, request]);
    const known = jobs.get(key);
    if (known !== undefined) return known;
    const lane = SHORT.has(name) ? 'short' : 'long';
    checkRoom(lane, client);
    const answer = Promise.withResolvers<unknown>();
    // There may be nobody left who is told.
    answer.promise.catch(() => undefined);
    const controller = new AbortController();
    const job = {
      name,
      request,
      key,
      lane,
      clients: new Map(),
      controller,
      answer,
      isRunning: false,
    } as const;
    jobs.set(key, job);
    lanes[lane].waiting += 1;
    return job;
  }

  return {
    async run(name, request, asker) {
      const { signal } = asker;
      signal.throwIfAborted();
      if (isClosed) throw ending();
      const client = clientOf(asker);
      const job = jobOf(name, request, client);
      join(job, client);
      startJobs(job.lane);
      const left = Promise.withResolvers<never>();
      const abort = (): void => left.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        return (await Promise.race([job.answer.promise, left.promise])) as JobReport<typeof name>;
      } finally {
        signal.removeEventListener('abort', abort);
        leave(job, client);
      }
    },
    load() {
      const of = ({ waiting, running }: LaneState): LaneLoad => ({ waiting, running });
      return { short: of(lanes.short), long: of(lanes.long) };
    },
    async close() {
      isClosed = true;
      for (const job of jobs.values()) if (!job.isRunning) job.answer.reject(ending());
      const threads = [...lanes.short.threads, ...lanes.long.threads];
      await Promise.all(threads.map((thread) => thread.close(ending())));
    },
  };
}

/** Use cases that compute from what is known, and fetch only what is missing; the others fetch much, or write much. */
const SHORT: ReadonlySet<JobName> = new Set<JobName>([
  'plan',
  'composeContent',
  'archivePlaces',
  'sourceState',
  'depends',
  'dependents',
  'why',
  'providers',
  'graph',
  'search',
  'show',
  'owns',
  'packageNames',
  'readRecipe',
  'servedRecipe',
  'servedMirror',
  'servedPackage',
]);

const RETRY_LATER = { 'retry-after': '5' };

function unavailable(message: string, cause?: unknown): HttpError {
  return new HttpError(503, 'UNAVAILABLE', message, { headers: RETRY_LATER, cause });
}

function ending(): HttpError {
  return unavailable('the server is ending');
}

function clientOf({ identity, address }: Asker): string {
  return identity.name === '' ? address : identity.name;
}
