import { AppError } from '../model/app-error.ts';
import { parseJson } from '../model/json.ts';
import type { Credential } from './types.ts';

/** Helpers ask a keychain or a cloud service; some prompt the user. */
const HELPER_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** github.com/docker/docker-credential-helpers, credentials/error.go: the message of all helpers if there is no login. */
const NOT_FOUND = /credentials not found in native keychain/i;
/** The user name that marks the secret as an identity token */
const TOKEN_USER = '<token>';
/** Names become part of a program's name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * A program `docker-credential-<helper>` that keeps logins. Its argument is one word (get, store, erase), its standard input JSON
 * or a server's name, so that no secret is among a process's arguments.
 * @see https://github.com/docker/docker-credential-helpers
 */
export interface HelperCall {
  /** `pass`, `ecr-login` */
  readonly helper: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Asks a helper for a login; undefined if it has none for the server. @throws AppError AUTH */
export async function getFromHelper(call: HelperCall, server: string): Promise<Credential | undefined> {
  const { failed, output } = await run(call, 'get', server);
  if (failed !== undefined) {
    if (NOT_FOUND.test(output)) return undefined;
    throw helperError(call, `get ${server}`, failed);
  }
  let value: Record<string, unknown>;
  try {
    value = (parseJson(output, 'its output') ?? {}) as Record<string, unknown>;
  } catch {
    // The parser's message quotes the output, which is the secret.
    throw helperError(call, `get ${server}`, 'its output is not JSON');
  }
  const { Username: username, Secret: secret } = value;
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw helperError(call, `get ${server}`, 'its output has no Username and Secret');
  }
  if (secret === '') return undefined;
  return username === TOKEN_USER
    ? { kind: 'identity', token: secret }
    : { kind: 'basic', username, password: secret };
}

/** Stores a login in a helper. @throws AppError AUTH; UNSUPPORTED for a token that is valid for one registry only */
export async function storeInHelper(call: HelperCall, server: string, credential: Credential): Promise<void> {
  if (credential.kind === 'bearer') {
    throw new AppError('UNSUPPORTED', 'credential helpers cannot store registry tokens');
  }
  const [username, secret] =
    credential.kind === 'basic' ? [credential.username, credential.password] : [TOKEN_USER, credential.token];
  const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
  const { failed } = await run(call, 'store', input);
  if (failed !== undefined) throw helperError(call, `store ${server}`, failed);
}

/** Erases a login from a helper; returns false if it had none. @throws AppError AUTH */
export async function eraseInHelper(call: HelperCall, server: string): Promise<boolean> {
  if ((await getFromHelper(call, server)) === undefined) return false;
  const { failed } = await run(call, 'erase', server);
  if (failed !== undefined) throw helperError(call, `erase ${server}`, failed);
  return true;
}

/** Leaves the program's output out of the message: it may be the secret. */
function helperError({ helper }: HelperCall, what: string, why: string): AppError {
  return new AppError('AUTH', `docker-credential-${helper} ${what}: ${why}`, {
    hint: 'Run it by hand; credsStore or credHelpers in the credentials file names it.',
    details: { helper: `docker-credential-${helper}` },
  });
}

interface HelperResult {
  /** Undefined: exit code 0 */
  readonly failed: string | undefined;
  readonly output: string;
}

async function run(call: HelperCall, word: string, input: string): Promise<HelperResult> {
  if (!NAME.test(call.helper)) throw helperError(call, word, 'not a valid program name');
  const { execa } = await import('execa');
  const result = await execa(`docker-credential-${call.helper}`, [word], {
    input,
    env: call.env,
    extendEnv: false,
    reject: false,
    timeout: HELPER_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
    encoding: 'utf8',
  });
  return { failed: reason(result), output: result.stdout };
}

function reason(result: {
  readonly failed: boolean;
  readonly code?: string | undefined;
  readonly timedOut: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}): string | undefined {
  if (!result.failed) return undefined;
  if (result.code === 'ENOENT') return 'program not found in PATH';
  if (result.timedOut) return `no answer in ${HELPER_TIMEOUT_MS / 1000} s`;
  if (result.exitCode !== undefined) return `exit code ${result.exitCode}`;
  return result.signal === undefined ? 'it cannot be run' : `ended by ${result.signal}`;
}
