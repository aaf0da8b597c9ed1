import { connections } from '../../src/fetch/connections.ts';

/** A process that requests a URL five times through the process's connections. */
const { origin, pathname } = new URL(process.argv[2] ?? '');
for (let count = 0; count < 5; count++) {
  const { body } = await connections().send({ origin, path: pathname, method: 'GET' });
  await body.dump();
}
await connections().close();
