const KINDS = ['manifests', 'tags', 'referrers'];
const SERVICES = [
  'mirror',
  'files',
  'compose',
  'token',
  'healthz',
  'readyz',
  'metrics',
  'assets',
  'package',
  'image',
];

/** Returns what a path is about, one of a dozen words: metrics have a series for each. */
export function routeOf(path: string): string {
  if (path.startsWith('/v2/')) return registryRoute(path);
  const end = path.indexOf('/', 1);
  const first = path.slice(1, end < 0 ? undefined : end);
  if (first === '') return 'page';
  return SERVICES.includes(first) ? first : 'other';
}

function registryRoute(path: string): string {
  if (path === '/v2/') return 'ping';
  if (path === '/v2/_catalog') return 'catalog';
  const segments = path.split('/');
  if (segments.at(-2) === 'blobs') return segments.at(-1) === 'uploads' ? 'uploads' : 'blobs';
  if (segments.includes('uploads', -3)) return 'uploads';
  return KINDS.find((kind) => segments.at(-2) === kind) ?? 'other';
}
