import { parentPort, resourceLimits } from 'node:worker_threads';
import type { FromThread, ToThread } from '../../../src/server/workers/messages.ts';

/** A job thread whose jobs do what their request says, for the tests of the pool. */
const send = (message: FromThread): void => parentPort?.postMessage(message);

parentPort?.on('message', (message: ToThread) => {
  const { id } = message;
  if (message.kind === 'cancel') return;
  const { packages: [what = ''] = [] } = message.request as { packages?: readonly string[] };
  if (what === 'exit') process.exit(3);
  if (what === 'throw') throw new Error('not caught');
  if (what === 'spin') while (Date.now() > 0);
  if (what === 'wait') return;
  if (what === 'limits') return send({ kind: 'report', id, report: resourceLimits });
  setTimeout(() => send({ kind: 'report', id, report: what }), what.startsWith('slow') ? 100 : 0);
});
