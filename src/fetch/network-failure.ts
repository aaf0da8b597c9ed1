import { errorCode, FetchFailure } from './failure.ts';
import { ProxyError } from './proxies.ts';

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server',
  EPIPE: 'connection closed by the server',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'the name server did not answer',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'connection closed by the server',
  UND_ERR_HEADERS_OVERFLOW: 'the headers are larger than 16 KiB',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body is not as long as its headers announce',
};

/**
 * Errors without a connection: the next try would meet them too, unless the host has answered before. Before a connection times
 * out, the system has tried several times.
 */
const NOBODY_THERE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const UNKNOWN_AUTHORITY = 'it is signed by an authority that this machine does not trust';
const AUTHORITY_HINT =
  "Add the authority to the system's certificates, or name its PEM file in NODE_EXTRA_CA_CERTS (in addition to those) or SSL_CERT_FILE (instead of them); for a registry, use --ca FILE.";

/** Messages and hints for what OpenSSL and Node.js find wrong with a certificate. */
const CERTIFICATES: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['it is self-signed', AUTHORITY_HINT],
  SELF_SIGNED_CERT_IN_CHAIN: [UNKNOWN_AUTHORITY, AUTHORITY_HINT],
  UNABLE_TO_GET_ISSUER_CERT: [UNKNOWN_AUTHORITY, AUTHORITY_HINT],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [UNKNOWN_AUTHORITY, AUTHORITY_HINT],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [UNKNOWN_AUTHORITY, AUTHORITY_HINT],
  CERT_HAS_EXPIRED: [
    'it has expired',
    "Check this machine's clock; if it is right, the server needs a new certificate.",
  ],
  CERT_NOT_YET_VALID: ['it is not valid yet', "Check this machine's clock."],
};

const PROXY_HINT = 'Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.';

/**
 * Classifies errors of sockets, TLS, DNS, proxies and HTTP parsing; undefined for any other error, which is a bug.
 * @param answered the host has answered before
 */
export function networkFailure(
  error: unknown,
  { receivedBytes, answered }: { readonly receivedBytes: number; readonly answered: boolean },
): FetchFailure | undefined {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const after = receivedBytes > 0 ? ` after ${receivedBytes} bytes` : '';
  const failure = (reason: string, retry: 'no' | 'later', hint?: string) =>
    new FetchFailure('NETWORK', reason, { retry, hint, cause: error });
  if (error instanceof ProxyError) {
    const refused = proxyRefusal(message);
    if (refused !== undefined) return failure(`${error.proxy} ${refused}`, 'no', PROXY_HINT);
    // Errors on the way to a proxy; the proxy reports what fails after it.
    if (NOBODY_THERE.has(code)) return failure(`${error.proxy}: ${REASONS[code]}`, 'no', PROXY_HINT);
  }
  if (/CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|HOSTNAME_MISMATCH/.test(code)) {
    const [reason, hint] = CERTIFICATES[code] ?? [certificateWords(message), AUTHORITY_HINT];
    return failure(`the TLS certificate was rejected: ${reason} (${code})`, 'no', hint);
  }
  if (/^(?:ERR_SSL|EPROTO)/.test(code)) return failure(`TLS failed: ${message}`, 'no');
  // undici leaves the code out where its parser has none.
  if (/^HPE_/.test(code) || (error instanceof Error && error.name === 'HTTPParserError')) {
    return failure(`not valid HTTP${after}: ${message}`, 'later');
  }
  const reason = REASONS[code];
  if (reason === undefined && !/^(?:UND_ERR_|E[A-Z]+$)/.test(code)) return undefined;
  const isGone = NOBODY_THERE.has(code) && !answered;
  return failure((reason ?? `${message} (${code})`) + after, isGone ? 'no' : 'later');
}

/** Finds the proxy's answer in undici's message about a tunnel that was refused. */
function proxyRefusal(message: string): string | undefined {
  const status = /^Proxy response \((\d+)\)/.exec(message)?.[1] ?? /\((407)\)$/.exec(message)?.[1];
  if (status === undefined) return undefined;
  if (status === '407') return 'requires a user name and password (HTTP 407)';
  return /^50[234]$/.test(status) ? `cannot reach the host (HTTP ${status})` : `refused (HTTP ${status})`;
}

/** Removes the advice that Node.js gives its own users from a message. */
function certificateWords(message: string): string {
  return message.replace(/;? if the root CA is installed locally.*$/is, '');
}
