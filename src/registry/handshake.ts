import { once } from 'node:events';
import { connect } from 'node:net';
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

/** A ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2), which every server with TLS answers, if only by an alert. */
const CLIENT_HELLO = Buffer.from(
  [
    '16 0301 0047 01 000043 0303',
    '00'.repeat(32), // random
    '00 0004 c02b c02f 01 00', // no session, two cipher suites, no compression
    '0016 000a 0006 0004 001d 0017 000d 0008 0006 0403 0804 0401', // curves, signature algorithms
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);
/** Types of the records that a server may begin with: handshake, alert. */
const TLS_RECORDS = [0x16, 0x15];

/**
 * Finds out whether a server on this machine has TLS, by the first message of a handshake: without a request, and without Node.js's
 * TLS and its authorities, which take longer to load than everything else. Whatever is wrong with a server's TLS is left to the first
 * request, which verifies.
 */
export async function acceptsTls({ hostname, port }: URL, signal: AbortSignal | undefined): Promise<boolean> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host, port: Number(port || 443) });
  const limit = AbortSignal.timeout(connectTimeoutMs(process.env));
  try {
    socket.write(CLIENT_HELLO);
    // At the end of a connection without an answer as well
    await once(socket, 'readable', {
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    const [type = 0] = (socket.read() as Buffer | null) ?? [];
    return TLS_RECORDS.includes(type);
  } catch (error) {
    return !NO_TLS.test(errorCode(error));
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}
