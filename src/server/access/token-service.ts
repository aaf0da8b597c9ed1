import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { respondJson } from '../http/respond.ts';
import { credentialsOf, looksLikeToken } from './credentials.ts';
import { SESSION_SECONDS } from './session-tokens.ts';
import { type Checks, clientOf } from './sign-in.ts';

/**
 * Answers /token: gives a token for a password, or for none if somebody without a login may do something (distribution's "Token
 * Authentication Specification"). The token says who the client is; what it may do is decided when it is used.
 * @throws HttpError 401, 405
 */
export async function giveToken(exchange: Exchange, checks: Checks): Promise<void> {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    throw new HttpError(405, 'UNSUPPORTED', 'fetch a token with GET', { headers: { allow: 'GET, HEAD' } });
  }
  const client = await clientOf(exchange, checks);
  const { clients, passwords, tokens, sessions } = checks;
  if (client === undefined || !(client.isKnown || clients.isOpen)) {
    throw new HttpError(401, 'UNAUTHORIZED', 'the user, the password or the token is wrong', {
      headers: { 'www-authenticate': 'Basic realm="compose", charset="UTF-8"' },
    });
  }
  const credentials = credentialsOf(exchange.request);
  const isToken =
    tokens !== undefined && credentials.kind === 'password' && looksLikeToken(credentials.password);
  const token = isToken
    ? credentials.password
    : sessions.make(client.name, passwords?.hashOf(client.name) ?? '');
  const issued = new Date().toISOString();
  const body = { token, access_token: token, expires_in: SESSION_SECONDS, issued_at: issued };
  respondJson(exchange, 200, body, { 'cache-control': 'no-store' });
}
