import { createHash } from 'node:crypto';
import { isUnchanged } from '../http/conditional.ts';
import type { Exchange } from '../http/exchange.ts';
import { respond, respondEmpty } from '../http/respond.ts';
import type { Asset } from './assets.ts';
import type { Html } from './html.ts';

/** Form of the answer that a client understands. */
export type Form = 'html' | 'json' | 'text';

/** Chooses by `Accept`: browsers name HTML, programs JSON; what accepts anything, as curl does, gets text. */
export function formFor({ request }: Pick<Exchange, 'request'>): Form {
  const accept = request.headers.accept?.toLowerCase() ?? '';
  if (/\btext\/html\b|\bapplication\/xhtml\+xml\b/.test(accept)) return 'html';
  return /\bapplication\/json\b/.test(accept) ? 'json' : 'text';
}

/** Nothing is loaded but the page's own style sheet, script and icon; nobody else's page shows this one. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SAFETY = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Pages change with the repositories: browsers ask whether theirs is current. */
const PAGE_CACHING = { 'cache-control': 'private, no-cache', vary: 'Accept' };
/** Addresses of assets change with their content. */
const ASSET_CACHING = { 'cache-control': 'public, max-age=31536000, immutable' };

/** Sends a page. */
export function sendPage(exchange: Exchange, status: number, page: Html): void {
  send(exchange, status, { 'content-type': 'text/html; charset=utf-8', ...PAGE_CACHING }, page.text);
}

/** Sends a report as JSON. */
export function sendJson(exchange: Exchange, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  send(exchange, 200, { 'content-type': 'application/json', ...PAGE_CACHING }, text);
}

/** Sends text. @param fileName under which browsers save it; undefined: they show it */
export function sendText(exchange: Exchange, text: string, fileName?: string): void {
  const saved = fileName === undefined ? {} : { 'content-disposition': `attachment; filename="${fileName}"` };
  send(exchange, 200, { 'content-type': 'text/plain; charset=utf-8', ...saved, ...PAGE_CACHING }, text);
}

/** Sends a file that pages load. */
export function sendAsset(exchange: Exchange, { type, bytes }: Asset): void {
  send(exchange, 200, { 'content-type': type, ...ASSET_CACHING }, bytes);
}

function send(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): void {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const all = { ...SAFETY, ...headers, etag };
  if (status === 200 && isUnchanged(exchange.request.headers, etag)) respondEmpty(exchange, 304, all);
  else respond(exchange, status, all, body);
}
