import type { Agent as AgentType } from 'undici';
import request from 'undici/lib/api/api-request.js';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { Connections } from './connections.ts';

/** Options of undici. */
export interface AgentOptions {
  readonly pool: AgentType.Options;
  readonly connect: buildConnector.BuildOptions;
  /** Called for the first TLS connection, since authorities take time to read */
  readonly tls: () => buildConnector.BuildOptions;
}

/**
 * Opens a pool of undici's. These are its single modules, not its index, which also loads fetch, WebSocket, caches and mocks.
 * undici has no `exports` map; its version is pinned exactly.
 */
export function openAgent({ pool, connect, tls }: AgentOptions): Connections {
  const plain = buildConnector(connect);
  let secure: buildConnector.connector | undefined;
  const connector: buildConnector.connector = (target, callback) => {
    if (target.protocol !== 'https:') return plain(target, callback);
    secure ??= buildConnector({ ...connect, ...tls() });
    return secure(target, callback);
  };
  const agent = new Agent({ ...pool, connect: connector });
  return { send: request.bind(agent), close: () => agent.destroy() };
}
