import type { ServedBlob } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { respond, respondEmpty } from '../http/respond.ts';
import { sendBlob } from '../http/send-bytes.ts';
import { GUARD_HEADERS } from './listing.ts';

/** A file as a client gets it. */
export interface SentFile {
  readonly blob: ServedBlob;
  /** With its quotes; undefined: not known yet */
  readonly etag?: string | undefined;
  /** Date as in HTTP headers; empty: unknown */
  readonly lastModified: string;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a file, or the part that the client asks for; answers HEAD and conditional requests. @throws as sendBlob */
export async function sendFile(exchange: Exchange, file: SentFile): Promise<void> {
  const { blob, etag, lastModified, contentType } = file;
  const headers = { ...GUARD_HEADERS, ...lastModifiedHeader(lastModified), ...file.headers };
  if (isUnmodified(exchange, lastModified)) {
    respondEmpty(exchange, 304, { ...headers, ...(etag === undefined ? {} : { etag }) });
    return;
  }
  await sendBlob(exchange, blob, { contentType, headers, ...(etag === undefined ? {} : { etag }) });
}

/** Sends a small file. */
export function sendSmall(
  exchange: Exchange,
  bytes: Uint8Array,
  { lastModified, contentType }: Pick<SentFile, 'lastModified' | 'contentType'>,
): void {
  const headers = { ...GUARD_HEADERS, ...lastModifiedHeader(lastModified) };
  if (isUnmodified(exchange, lastModified)) respondEmpty(exchange, 304, headers);
  else respond(exchange, 200, { ...headers, 'content-type': contentType }, bytes);
}

function lastModifiedHeader(lastModified: string): Readonly<Record<string, string>> {
  return lastModified === '' ? {} : { 'last-modified': lastModified };
}

/**
 * Tells whether the client has the file of that date (RFC 9110 section 13.1.3; If-None-Match comes first). A mirror may go back to an
 * earlier index, so that only the same date counts.
 */
function isUnmodified({ request, method }: Exchange, lastModified: string): boolean {
  const { 'if-modified-since': since, 'if-none-match': match } = request.headers;
  if (since === undefined || match !== undefined || lastModified === '') return false;
  return (method === 'GET' || method === 'HEAD') && Date.parse(since) === Date.parse(lastModified);
}

/** Checks that a request reads. @throws HttpError 405 */
export function expectReading({ method }: Exchange): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw new HttpError(405, 'UNSUPPORTED', `files are only read here: expected GET or HEAD, got ${method}`, {
    headers: { allow: 'GET, HEAD' },
  });
}
