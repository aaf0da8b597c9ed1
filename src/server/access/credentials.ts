import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Subject } from './rules.ts';

/** What a client sends with a request to show who it is. */
export type Credentials =
  | { readonly kind: 'none' | 'malformed' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** Longer passwords and tokens are attempts to cost time. */
const MAX_LENGTH = 16 * 1024;

/** Reads the Authorization header (RFC 7617, RFC 6750). */
export function credentialsOf({ headers }: IncomingMessage): Credentials {
  const header = headers.authorization;
  if (header === undefined) return { kind: 'none' };
  const [, scheme = '', value = ''] = /^(\w+) +([^\s]+) *$/.exec(header) ?? [];
  if (value.length > MAX_LENGTH) return { kind: 'malformed' };
  if (/^bearer$/i.test(scheme)) return { kind: 'bearer', token: value };
  if (!/^basic$/i.test(scheme) || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return { kind: 'malformed' };
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: 'malformed' };
  return { kind: 'password', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Tells whether a text may be a signed token (RFC 7515), which clients that know passwords alone send as one. */
export function looksLikeToken(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text);
}

const subjects = new WeakMap<object, Subject | null>();

/** Returns the subject of a client certificate that the server's authority has signed: CN is the user, each O a group. */
export function certificateSubject({ socket }: IncomingMessage): Subject | undefined {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || getPeerCertificate === undefined) return undefined;
  let subject = subjects.get(socket);
  if (subject === undefined) {
    subject = subjectOf(getPeerCertificate.call(socket)) ?? null;
    subjects.set(socket, subject);
  }
  return subject ?? undefined;
}

function subjectOf({ subject }: { subject?: object }): Subject | undefined {
  const { CN: names, O: groups = [] } = (subject ?? {}) as { CN?: string | string[]; O?: string | string[] };
  // A subject of several names could be read as any of them.
  if (typeof names !== 'string' || names === '') return undefined;
  return { name: names, groups: [groups].flat(), claims: {} };
}
