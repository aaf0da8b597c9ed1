import { randomUUID } from 'node:crypto';
import type { FakeAuth } from './registry.ts';
import { type Exchange, readBody, refuse, reply } from './registry-exchange.ts';

/** Answers 401 itself. */
export function allowed(exchange: Exchange, repository: string, url: URL): boolean {
  const { state, request } = exchange;
  const { auth } = state.switches;
  if (auth === undefined) return true;
  const header = request.headers.authorization ?? '';
  if (auth.kind === 'basic') {
    if (basicUser(auth, header) !== undefined) return true;
    refuse(exchange, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="a, \\"quoted\\" realm"' });
    return false;
  }
  const actions = ['GET', 'HEAD'].includes(request.method!)
    ? 'pull'
    : request.method === 'DELETE'
      ? 'delete'
      : 'push';
  const needed = repository === '' ? [] : [`${repository}:${actions}`];
  const from = url.searchParams.get('from');
  if (from !== null) needed.push(`${from}:pull`);
  const token = state.tokens.get(header.replace(/^Bearer /, ''));
  const valid = token !== undefined && token.until > Date.now() && token.left-- > 0;
  if (valid && needed.every((one) => token.scopes.includes(` ${one} `))) return true;
  const scope = needed.map((one) => `repository:${one}`).join(' ');
  const realm = auth.realm ?? `${state.url}/token`;
  refuse(exchange, 401, 'UNAUTHORIZED', {
    'www-authenticate': `Bearer realm="${realm}",service="fake"${scope === '' ? '' : `,scope="${scope}"`}`,
  });
  return false;
}

function basicUser(auth: FakeAuth, header: string): string | undefined {
  const [user = '', password] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(/:(.*)/s);
  return header.startsWith('Basic ') && auth.users[user] === password ? user : undefined;
}

export async function giveToken(exchange: Exchange, url: URL): Promise<void> {
  const { state, request } = exchange;
  const auth = state.switches.auth!;
  let asked = url.searchParams;
  let known = basicUser(auth, request.headers.authorization ?? '') !== undefined;
  if (request.method === 'POST') {
    asked = new URLSearchParams((await readBody(exchange)).toString());
    known = auth.identityTokens?.includes(asked.get('refresh_token') ?? '') ?? false;
  }
  if (!known && (request.headers.authorization !== undefined || !auth.anonymous)) {
    return refuse(exchange, 401, 'UNAUTHORIZED');
  }
  const granted = asked
    .getAll('scope')
    .flatMap((scopes) => scopes.split(' '))
    .flatMap((scope) => {
      const [, name = '', actions = ''] = /^repository:(.*):(.*)$/.exec(scope) ?? [];
      if (auth.closed?.includes(name)) return [];
      return actions
        .split(',')
        .filter((action) => known || action === 'pull')
        .map((action) => `${name}:${action}`);
    });
  const token = `token-${randomUUID()}`;
  const life = auth.lifeSeconds ?? 300;
  state.tokens.set(token, {
    scopes: ` ${granted.join(' ')} `,
    left: auth.requestsPerToken ?? Number.POSITIVE_INFINITY,
    until: Date.now() + life * 1000,
  });
  reply(exchange, 200, {}, JSON.stringify({ token, expires_in: life }));
}
