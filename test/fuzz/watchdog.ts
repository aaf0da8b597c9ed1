import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { workerData } from 'node:worker_threads';

/** What the reading thread shares: which round it is at, how long its input is, and the input. */
export interface Watched {
  readonly state: SharedArrayBuffer;
  readonly input: SharedArrayBuffer;
  /** Where the input is kept when a round does not end */
  readonly path: string;
  readonly maxMs: number;
}

const LOOK_MS = 500;

/** Ends the process when a round takes too long: its thread cannot be asked any more. */
function watch({ state, input, path, maxMs }: Watched): void {
  const numbers = new Int32Array(state);
  let round = -1;
  let since = Date.now();
  setInterval(() => {
    const at = Atomics.load(numbers, 0);
    if (at !== round) {
      round = at;
      since = Date.now();
      return;
    }
    if (Date.now() - since < maxMs || at === 0) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(input).subarray(0, Atomics.load(numbers, 1)));
    process.stderr.write(`fuzz: a round has not ended after ${maxMs} ms; its input is ${path}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, LOOK_MS);
}

watch(workerData as Watched);
