import type { RegistryContent } from '../../catalog/registry-content.ts';
import type { Pool } from '../workers/pool.ts';
import type { Vitals } from './front.ts';
import type { Check } from './health.ts';

/**
 * Returns what the worker threads are measured by, and what probes look at: whether what is stored can be read.
 * @param checks further ones
 */
export function vitalsOf(
  pool: Pick<Pool, 'load'>,
  content: Pick<RegistryContent, 'version'>,
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
    ],
    checks: new Map<string, Check>([['storage', () => void content.version()], ...checks]),
  };
}
