import type { StoredContent } from '../registry/stored-content.ts';
import type { Pool } from '../workers/pool.ts';
import type { Vitals } from './front.ts';
import type { Check } from './health.ts';
import type { Upstream } from './upstream.ts';

/**
 * Returns what worker threads, uploads and requests to others are measured by, and what probes look at: whether what is stored can be
 * read.
 * @param checks further ones
 */
export function vitalsOf(
  {
    pool,
    stored,
    upstream,
  }: { readonly pool: Pool; readonly stored: StoredContent; readonly upstream: Upstream },
  checks: Vitals['checks'] = new Map(),
): Vitals {
  const sum = (key: 'waiting' | 'running') =>
    Object.values(pool.load()).reduce((all, lane) => all + lane[key], 0);
  return {
    measures: [
      {
        name: 'compose_jobs_waiting',
        help: 'Jobs that wait for a worker thread',
        kind: 'gauge',
        read: () => sum('waiting'),
      },
      {
        name: 'compose_jobs_running',
        help: 'Jobs that worker threads are doing',
        kind: 'gauge',
        read: () => sum('running'),
      },
      {
        name: 'compose_uploads_open',
        help: 'Uploads of blobs that have begun, had bytes in the last hour, and have not ended',
        kind: 'gauge',
        read: () => stored.uploads.open,
      },
      ...upstream.measures,
    ],
    checks: new Map<string, Check>([['storage', () => void stored.content.version()], ...checks]),
  };
}
