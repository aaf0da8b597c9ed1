import { once } from 'node:events';
import { connect } from 'node:tls';
import { connectTimeoutMs } from '../fetch/connections.ts';
import { errorCode, FetchFailure } from '../fetch/failure.ts';

/** Errors of a handshake with a server that has no TLS. A server that sends a TLS alert has it. */
const NO_TLS = /^(?:EPROTO|ERR_SSL_(?!.*ALERT)|ECONNREFUSED$|ECONNRESET$)/;

/** Tells whether a server has TLS, by a request to its https URL. @throws what the request throws, unless that is the answer */
export async function answersByTls(request: () => Promise<void>): Promise<boolean> {
  try {
    await request();
    return true;
  } catch (error) {
    if (error instanceof FetchFailure && NO_TLS.test(errorCode(error.cause))) return false;
    throw error;
  }
}

/**
 * Finds out whether a server on this machine has TLS, by a handshake alone: without a request, and without the authorities, which
 * take longer to read than it takes. Whatever else is wrong is left to the first request, which verifies.
 */
export async function acceptsTls({ hostname, port }: URL, signal: AbortSignal | undefined): Promise<boolean> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false, ca: [] });
  const limit = AbortSignal.timeout(connectTimeoutMs(process.env));
  try {
    await once(socket, 'secureConnect', {
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    return true;
  } catch (error) {
    return !NO_TLS.test(errorCode(error));
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}
