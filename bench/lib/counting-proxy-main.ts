/** Passes requests on to a registry; for every line of standard input a line with what came since the last, as Traffic. */
import { createInterface } from 'node:readline';
import { startFaultProxy } from '../../test/fake/fault-proxy.ts';
import type { Traffic } from './counting-proxy.ts';

const proxy = await startFaultProxy(process.argv[2] as string);
console.log(proxy.host);
for await (const _line of createInterface(process.stdin)) {
  const requests = proxy.requests.splice(0);
  const traffic: Traffic = {
    requests: requests.map(({ method, url }) => `${method} ${url}`),
    sentBytes: requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
    receivedBytes: requests.reduce((sum, { replyBytes }) => sum + replyBytes, 0),
    connections: new Set(requests.map(({ connection }) => connection)).size,
  };
  console.log(JSON.stringify(traffic));
}
await proxy.close();
