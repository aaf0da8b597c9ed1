import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file that pages load, at an address that changes with its content. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Files that pages load. */
export type Assets = Readonly<Record<'css' | 'js' | 'svg', Asset>>;

/** Reads the files, which lie beside this one, in src/ as in dist/. */
export function readAssets(): Assets {
  return {
    css: asset('css', 'text/css; charset=utf-8'),
    js: asset('js', 'text/javascript; charset=utf-8'),
    svg: asset('svg', 'image/svg+xml'),
  };
}

function asset(ending: string, type: string): Asset {
  const bytes = readFileSync(new URL(`./page.${ending}`, import.meta.url));
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return { path: `/assets/page-${version}.${ending}`, type, bytes };
}
