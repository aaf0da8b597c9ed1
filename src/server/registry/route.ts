import { segments } from '../http/request-path.ts';

/** What a request is about (OCI distribution-spec, "Endpoints"). */
export type Route =
  | { readonly kind: 'ping' | 'catalog' }
  | { readonly kind: 'tags' | 'uploads'; readonly repository: string }
  | {
      readonly kind: 'manifest' | 'blob' | 'upload' | 'referrers';
      readonly repository: string;
      /** Tag or digest, digest, id of the upload, digest of the subject */
      readonly target: string;
    };

const KINDS: Readonly<Record<string, 'manifest' | 'blob' | 'referrers'>> = {
  manifests: 'manifest',
  blobs: 'blob',
  referrers: 'referrers',
};

/** Finds out what a path below `/v2` means; undefined for nothing. A repository may have components that are called `blobs`. */
export function routeOf(path: string): Route | undefined {
  const parts = segments(path).slice(1);
  const count = parts.length;
  if (count === 0 || (count === 1 && parts[0] === '')) return { kind: 'ping' };
  if (count === 1 && parts[0] === '_catalog') return { kind: 'catalog' };
  const [target = '', word = '', before] = [parts[count - 1], parts[count - 2], parts[count - 3]];
  if (word === 'blobs' && target === 'uploads' && count > 2)
    return { kind: 'uploads', repository: nameOf(parts, 2) };
  if (before === 'blobs' && word === 'uploads' && count > 3) {
    const repository = nameOf(parts, 3);
    return target === '' ? { kind: 'uploads', repository } : { kind: 'upload', repository, target };
  }
  if (count < 3 || target === '') return undefined;
  if (word === 'tags' && target === 'list') return { kind: 'tags', repository: nameOf(parts, 2) };
  const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
  return kind && { kind, repository: nameOf(parts, 2), target };
}

function nameOf(parts: readonly string[], after: number): string {
  return parts.slice(0, -after).join('/');
}
