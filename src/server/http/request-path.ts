import { HttpError } from './http-error.ts';

/** RFC 9112 section 3.2.2: what proxies are sent, and servers have to take too. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;
/** Backslashes, control characters and `.` or `..` segments, each also encoded, and encoded slashes. */
const FORBIDDEN =
  /[\\\u0000-\u0020\u007f-\uffff]|%(?:[01][0-9a-f]|2f|5c|7f)|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** The two parts of a request's target. */
export interface RequestTarget {
  readonly path: string;
  /** Without the question mark */
  readonly query: string;
}

/** Splits and checks the target of a request. @throws HttpError 400 */
export function requestTarget(url: string): RequestTarget {
  const target = url.startsWith('/') ? url : url.replace(ABSOLUTE_FORM, '');
  const end = target.indexOf('?');
  // apt writes the folder of a repository without suites as `./`.
  const path = (end < 0 ? target : target.slice(0, end)).replaceAll(/\/(?:\.\/)+/g, '/');
  if (!path.startsWith('/') || FORBIDDEN.test(path) || !isDecodable(path))
    throw new HttpError(400, 'BAD_REQUEST', 'malformed path');
  return { path, query: end < 0 ? '' : target.slice(end + 1) };
}

/** Returns the decoded segments of a path that requestTarget has checked: none contains a slash. */
export function segments(path: string): readonly string[] {
  const parts = path.slice(1).split('/');
  return path.includes('%') ? parts.map(decodeURIComponent) : parts;
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
