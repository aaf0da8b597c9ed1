import { type HttpResponse, USER_AGENT } from '../fetch/exchange.ts';
import { errorCode, FetchFailure } from '../fetch/failure.ts';
import { redactUrl } from '../fetch/url.ts';
import { oneChunk } from '../model/one-chunk.ts';
import type { Progress } from '../model/progress.ts';
import type { RepositoryPath } from '../model/reference.ts';
import { readUpTo } from './bodies.ts';
import { errorOfResponse, readErrorResponse, transientFailure } from './error-response.ts';
import type { FinalResponse, Host } from './hosts.ts';
import { resolveLocation } from './location.ts';
import type { Secrets } from './redact.ts';
import { RegistryError } from './registry-error.ts';
import { meaningOf, type RequestName, sentenceOf } from './remedies.ts';
import { pause, type Retries } from './retry.ts';
import { scopesOf } from './scopes.ts';
import type { AccessScope, Action, RegistryRequest, RegistryResponse } from './types.ts';

/** One challenge for a token that has expired, and one for a token that allows too little. */
const MAX_CHALLENGES = 2;
/** Errors before the request left: repeating it does nothing twice. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Input that a session passes to each of its requests. */
export interface SendContext {
  readonly host: () => Promise<Host>;
  readonly signal: AbortSignal | undefined;
  readonly retries: Retries;
  readonly secrets: Secrets;
  readonly progress: Progress | undefined;
}

const defaultActions: Readonly<Record<RegistryRequest['method'], readonly Action[]>> = {
  GET: ['pull'],
  HEAD: ['pull'],
  POST: ['pull', 'push'],
  PATCH: ['pull', 'push'],
  PUT: ['pull', 'push'],
  DELETE: ['delete'],
};

/** Implements RegistrySession.send (types.ts), which states the contract. */
export async function sendRequest(request: RegistryRequest, context: SendContext): Promise<RegistryResponse> {
  const { retries, signal, secrets, progress } = context;
  for (let tried = 0; ; tried++) {
    try {
      return await attempt(request, context);
    } catch (error) {
      if (!(error instanceof FetchFailure)) throw error;
      const name = requestName(request);
      if (tried >= retries.count || !mayRepeat(request, error)) throw toAppError(name, error, secrets);
      progress?.note(`${name.where}: ${name.request}: ${secrets.redact(error.message)}; trying again`);
      await pause({ ...retries, tried, waitMs: error.waitMs, signal });
    }
  }
}

function requestName({ method, repository, target }: RegistryRequest): RequestName {
  const path = 'path' in repository ? `/${repository.path}` : '';
  const asked = typeof target === 'string' ? target : redactUrl(target.href);
  return { where: `${repository.domain}${path}`, request: `${method} ${asked || '/v2/'}` };
}

function isNobodyThere({ retry, cause }: FetchFailure): boolean {
  return retry === 'no' && NOT_SENT.has(errorCode(cause));
}

function mayRepeat({ method, repeatable }: RegistryRequest, failure: FetchFailure): boolean {
  if (failure.retry === 'no') return false;
  if (repeatable ?? (method !== 'POST' && method !== 'PATCH')) return true;
  return failure.status === 429 || NOT_SENT.has(errorCode(failure.cause));
}

const NOBODY_HINT = "Check the registry's name and port, and that it is running.";

function toAppError(name: RequestName, failure: FetchFailure, secrets: Secrets): RegistryError {
  const what = `${name.where}: ${name.request}`;
  const reason = secrets.redact(failure.message);
  const explanation = failure.status === undefined ? undefined : meaningOf(failure.status, '', name.request);
  const text =
    explanation === undefined ? `${what}: ${reason}` : sentenceOf(name, explanation.meaning, reason);
  const hint = failure.hint ?? explanation?.hint ?? (isNobodyThere(failure) ? NOBODY_HINT : undefined);
  return new RegistryError(failure.code, text, {
    ...(hint === undefined ? {} : { hint }),
    cause: failure,
    failure: { what, ...(failure.waitMs === undefined ? {} : { retryAfterMs: failure.waitMs }) },
  });
}

async function attempt(request: RegistryRequest, context: SendContext): Promise<RegistryResponse> {
  const { secrets } = context;
  const host = await context.host();
  const { response, url } = await authorized(host, request, context);
  const { status } = response;
  const what = (): RequestName => {
    const name = requestName(request);
    return url.origin === host.base.origin
      ? name
      : { ...name, request: `${name.request}, redirected to ${url.origin}` };
  };
  if ((status < 200 || status >= 300) && !request.accept?.includes(status)) {
    const refusal = await readErrorResponse(response, secrets);
    const passing = transientFailure(refusal);
    if (passing !== undefined) throw passing;
    const asks = status === 401 || status === 403;
    throw errorOfResponse(
      what(),
      refusal,
      asks ? await host.auth.remedy(accessOf(request), status) : undefined,
    );
  }
  const body =
    request.wholeBytes === undefined
      ? explained(response.body, { what, secrets })
      : oneChunk(await readUpTo(response, request.wholeBytes));
  const whereabouts = { from: url, registry: host.base, insecure: host.insecure };
  return {
    ...response,
    url,
    body,
    follow(location) {
      try {
        return resolveLocation(location, whereabouts);
      } catch (error) {
        throw error instanceof FetchFailure ? toAppError(what(), error, secrets) : error;
      }
    },
  };
}

async function* explained(
  body: AsyncIterable<Buffer>,
  { what, secrets }: { readonly what: () => RequestName; readonly secrets: Secrets },
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof FetchFailure ? toAppError(what(), error, secrets) : error;
  }
}

async function authorized(
  host: Host,
  request: RegistryRequest,
  context: SendContext,
): Promise<FinalResponse> {
  const { signal } = context;
  const url = typeof request.target === 'string' ? apiUrl(host, request) : request.target;
  const { method, body: content, stays } = request;
  if (request.anonymous) {
    return host.exchange(url, { method, headers: headersOf(request, undefined), content, stays, signal });
  }
  let access = accessOf(request);
  await host.auth.prepare(access.repository, () => askVersion(host, signal));
  for (let challenges = 0; ; challenges++) {
    // The login is for the registry alone: a host that it redirects to has to accept the URL by itself.
    const authorization = url.origin === host.base.origin ? await host.auth.header(access) : undefined;
    const headers = headersOf(request, authorization);
    const final = await host.exchange(url, { method, headers, content, stays, signal });
    if (final.url.origin !== host.base.origin) return final;
    if (final.response.status !== 401) {
      host.auth.worked(authorization);
      return final;
    }
    if (challenges === MAX_CHALLENGES) return final;
    const next = await host.auth.challenged(final.response, access, authorization).catch(async (error) => {
      await final.response.discard();
      throw error;
    });
    if (next === undefined) return final;
    await final.response.discard();
    access = next;
  }
}

async function askVersion(host: Host, signal: AbortSignal | undefined): Promise<HttpResponse> {
  const headers = headersOf({}, undefined);
  const { response } = await host.exchange(new URL('/v2/', host.base), { method: 'GET', headers, signal });
  return response;
}

function apiUrl(host: Host, { repository, target }: RegistryRequest): URL {
  const path = 'path' in repository ? `${repository.path}/` : '';
  return new URL(`/v2/${path}${target}`, host.base);
}

function accessOf({ method, repository, actions, reads = [] }: RegistryRequest): AccessScope {
  if (!('path' in repository)) return { repository, scopes: new Map() };
  const own = [repository.path, actions ?? defaultActions[method]] as const;
  const read = reads.map((path) => [path, ['pull']] as const);
  const wanted: (readonly [RepositoryPath, readonly string[]])[] = [own, ...read];
  return { repository, scopes: scopesOf(wanted) };
}

function headersOf(
  { headers, body }: Pick<RegistryRequest, 'headers' | 'body'>,
  authorization: string | undefined,
): Record<string, string> {
  return {
    'user-agent': USER_AGENT,
    // Blobs are compressed already, and digests are of what is sent.
    'accept-encoding': 'identity',
    ...headers,
    ...(body === undefined ? {} : { 'content-length': String(body.sizeBytes) }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
