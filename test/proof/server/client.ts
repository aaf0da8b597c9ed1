import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer whose body came whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | ReadableStream;
  /** The client leaves after so long */
  readonly leavesAfterMs?: number;
}

const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;
/** Faults are rare enough that nobody meets so many of them in a row. */
const MAX_TRIES = 25;

/** Asks once. Undefined: the connection was cut. @throws Error for an answer that a server never gives: 5xx, but 503 with Retry-After */
export async function askOnce(
  base: string,
  method: string,
  path: string,
  { headers = {}, body, leavesAfterMs = PATIENCE_MS }: Ask = {},
): Promise<Answer | undefined> {
  const url = new URL(path, base);
  // What the server says of itself may be the address behind a proxy.
  const target = new URL(url.pathname + url.search, base);
  const signal = AbortSignal.timeout(leavesAfterMs);
  let answer: Answer;
  try {
    const response = await fetch(target, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']>, duplex: 'half' }),
    } as RequestInit);
    const bytes = Buffer.from(await response.arrayBuffer());
    answer = { status: response.status, headers: response.headers, body: bytes };
  } catch (error) {
    if (leavesAfterMs === PATIENCE_MS && signal.aborted)
      throw new Error(`${method} ${path}: no answer in ${PATIENCE_MS / 1000} s`, { cause: error });
    return undefined;
  }
  const { status } = answer;
  const isBusy = status === 503 && answer.headers.has('retry-after');
  if (status >= 500 && !isBusy) throw new Error(`${method} ${path}: ${status} ${answer.body}`);
  return isBusy ? undefined : answer;
}

/** Asks until there is an answer. @param body made anew for each try */
export async function ask(base: string, method: string, path: string, how: Ask = {}): Promise<Answer> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const answer = await askOnce(base, method, path, how);
    if (answer !== undefined) return answer;
    await sleep(PAUSE_MS * (tries + 1));
  }
  throw new Error(`${method} ${path}: ${MAX_TRIES} tries without an answer`);
}

/** @throws Error unless the answer has one of these statuses */
export function expectStatus({ status, body }: Answer, allowed: readonly number[], what: string): void {
  if (!allowed.includes(status))
    throw new Error(`${what}: ${status}, expected ${allowed.join(' or ')}: ${body.subarray(0, 500)}`);
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** @throws Error if the bytes are not those of the digest */
export function expectDigest(bytes: Buffer, digest: string, what: string): void {
  const got = digestOf(bytes);
  if (got !== digest) throw new Error(`WRONG BYTES ${what}: ${bytes.length} bytes, ${got}`);
}

/** Fetches a blob, as a whole or in two parts, and checks it. */
export async function pullBlob(
  base: string,
  repository: string,
  { digest, size }: { readonly digest: string; readonly size: number },
  inParts = false,
): Promise<Buffer> {
  const path = `/v2/${repository}/blobs/${digest}`;
  const half = size >> 1;
  const ranges = inParts && half > 0 ? [`bytes=0-${half - 1}`, `bytes=${half}-`] : [undefined];
  const parts: Buffer[] = [];
  for (const range of ranges) {
    const part = await ask(base, 'GET', path, { headers: range === undefined ? {} : { range } });
    expectStatus(part, [range === undefined ? 200 : 206], `GET ${path} ${range ?? ''}`);
    parts.push(part.body);
  }
  const bytes = Buffer.concat(parts);
  expectDigest(bytes, digest, path);
  return bytes;
}

/** Fetches a manifest and checks it; undefined: 404. */
export async function pullManifest(
  base: string,
  repository: string,
  reference: string,
): Promise<{ readonly digest: string; readonly text: string } | undefined> {
  const path = `/v2/${repository}/manifests/${reference}`;
  const answer = await ask(base, 'GET', path);
  expectStatus(answer, [200, 404], `GET ${path}`);
  if (answer.status === 404) return undefined;
  const digest = answer.headers.get('docker-content-digest') ?? '';
  expectDigest(answer.body, digest, path);
  if (reference.startsWith('sha256:') && digest !== reference) throw new Error(`${path} is ${digest}`);
  return { digest, text: answer.body.toString() };
}
