import { connect, type Socket } from 'node:net';

/** A connection on which a test writes bytes that no client library would. */
export interface RawConnection {
  readonly socket: Socket;
  /** All that has arrived */
  received(): string;
  /** Resolves with all that has arrived when that matches. Rejects if the server closes the connection before. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with all that has arrived when the server has closed the connection */
  readonly closed: Promise<string>;
}

export function connectRaw(t: { after(fn: () => void): void }, url: string, bytes = ''): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  let text = '';
  const received = () => text;
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // The server's reset, after which `close` comes.
  socket.on('error', () => {});
  socket.write(bytes);
  return {
    socket,
    received,
    closed,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(text) && resolve(text);
        socket.on('data', look);
        socket.on('close', () =>
          pattern.test(text) ? resolve(text) : reject(new Error(`closed after ${text}`)),
        );
        look();
      }),
  };
}

/** Statuses of the answers in what has arrived. */
export function statuses(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}
