import type { Exchange } from '../http/exchange.ts';
import { respond } from '../http/respond.ts';

/** A file or folder of a listing. */
export interface ListedEntry {
  /** Without a slash */
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Of a file, in bytes */
  readonly sizeBytes?: number | undefined;
  readonly digest?: string | undefined;
  /** Where it leads, if not to the entry of that name below this folder: a path of this server */
  readonly href?: string | undefined;
}

/** A folder's listing. */
export interface Listing {
  /** Path of the folder, decoded, with a slash at its end */
  readonly path: string;
  readonly entries: readonly ListedEntry[];
  /** Sentences for people */
  readonly notes?: readonly string[];
}

/** Nothing of another origin, no scripts: names and files are other people's. */
export const GUARD_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'x-content-type-options': 'nosniff',
};

/** Sends a listing, as JSON if the client asks for it (Accept, or `?format=json`), else as HTML. */
export function sendListing(
  exchange: Exchange,
  listing: Listing,
  headers: Readonly<Record<string, string>> = {},
): void {
  const all = { ...GUARD_HEADERS, 'cache-control': 'no-cache', vary: 'accept', ...headers };
  if (wantsJson(exchange)) {
    const { path, entries, notes = [] } = listing;
    const body = `${JSON.stringify({ path, entries, notes })}\n`;
    respond(exchange, 200, { ...all, 'content-type': 'application/json' }, body);
  } else {
    respond(exchange, 200, { ...all, 'content-type': 'text/html; charset=utf-8' }, page(listing));
  }
}

function wantsJson({ request, query }: Exchange): boolean {
  const { accept = '' } = request.headers;
  return query.get('format') === 'json' || /^\s*application\/(?:[\w.-]+\+)?json\b/i.test(accept);
}

const STYLE =
  ':root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:2rem}td{padding-right:2rem}td+td{text-align:right}';

function page({ path, entries, notes = [] }: Listing): string {
  const rows = entries.map(({ name, kind, sizeBytes, href }) => {
    const slash = kind === 'folder' ? '/' : '';
    const to = href ?? `${encodeURIComponent(name)}${slash}`;
    const size = sizeBytes === undefined ? '' : String(sizeBytes);
    return `<tr><td><a href="${escapeHtml(to)}">${escapeHtml(name + slash)}</a></td><td>${size}</td></tr>`;
  });
  const title = `Index of ${escapeHtml(path)}`;
  return [
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>`,
    `<style>${STYLE}</style></head><body><main><h1>${title}</h1>`,
    ...notes.map((note) => `<p>${escapeHtml(note)}</p>`),
    `<table><tbody><tr><td><a href="../">../</a></td><td></td></tr>${rows.join('\n')}</tbody></table>`,
    '</main></body></html>\n',
  ].join('\n');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
