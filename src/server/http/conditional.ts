import type { IncomingHttpHeaders } from 'node:http';

/** Tells whether the client has this state of the content already: 304 (RFC 9110 section 13.1.2). @param etag with its quotes */
export function isUnchanged(headers: IncomingHttpHeaders, etag: string): boolean {
  const listed = headers['if-none-match'];
  return listed !== undefined && matchesEtag(listed, etag);
}

/** Tells whether a Range header counts: not if the client has a part of something else (RFC 9110 section 13.1.5). */
export function rangeApplies(headers: IncomingHttpHeaders, etag: string): boolean {
  const had = headers['if-range'];
  return had === undefined || had === etag;
}

/** Compares weakly with a list of tags, or `*`. */
function matchesEtag(list: string, etag: string): boolean {
  return list.trim() === '*' || list.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}
