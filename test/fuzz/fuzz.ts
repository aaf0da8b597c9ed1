import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ARCHIVE_READERS } from './archive-readers.ts';
import { randomFrom } from './mutate.ts';
import { type Failure, MAX_MS, nextInput, tryInput } from './run.ts';
import { textReaders } from './text-readers.ts';
import type { Watched } from './watchdog.ts';

/**
 * `npm run fuzz -- SECONDS`: changed samples for every reader in turn, until the time is over or one of them fails. Then
 * the input is kept in fuzz-failures/, and `--reader NAME --input FILE` tries it again.
 */

const USAGE = 'npm run fuzz -- SECONDS [--seed N] [--reader NAME [--input FILE]]';
const FOLDER = 'fuzz-failures';
/** Mutations at most double a sample a few times; all samples are below 64 KiB. */
const MAX_INPUT_BYTES = 4 * 1024 * 1024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, reader: { type: 'string' }, input: { type: 'string' } },
});
const seconds = Number(positionals[0] ?? '60');
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const all = [...ARCHIVE_READERS, ...(await textReaders())];
const readers = values.reader === undefined ? all : all.filter(({ name }) => name === values.reader);
if (!Number.isFinite(seconds) || !Number.isInteger(seed) || readers.length === 0) {
  console.error(`${USAGE}\nreaders: ${all.map(({ name }) => JSON.stringify(name)).join(', ')}`);
  process.exit(2);
}

function report({ reader, input, problem }: Failure, round: number): never {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${reader.replace(/[^\w.]+/g, '-')}-${seed}-${round}`);
  writeFileSync(path, input);
  console.error(`fuzz: ${reader}, seed ${seed}, round ${round}: ${problem}`);
  console.error(`its input is ${path}: npm run fuzz -- 1 --reader ${JSON.stringify(reader)} --input ${path}`);
  process.exit(1);
}

if (values.input !== undefined) {
  const [reader] = readers;
  const failure = reader === undefined ? undefined : await tryInput(reader, readFileSync(values.input));
  console.log(failure === undefined ? 'taken, or refused as it should be' : failure.problem);
  process.exit(failure === undefined ? 0 : 1);
}

const watched: Watched = {
  state: new SharedArrayBuffer(8),
  input: new SharedArrayBuffer(MAX_INPUT_BYTES),
  path: join(FOLDER, `hang-${seed}`),
  maxMs: 3 * MAX_MS,
};
const state = new Int32Array(watched.state);
const shared = Buffer.from(watched.input);
new Worker(new URL('./watchdog.ts', import.meta.url), { workerData: watched }).unref();

console.log(`fuzz: ${readers.length} readers, ${seconds} s, seed ${seed}`);
const random = randomFrom(seed);
const until = Date.now() + seconds * 1000;
let round = 0;
while (Date.now() < until) {
  for (const reader of readers) {
    round += 1;
    const input = nextInput(reader, random);
    input.copy(shared);
    Atomics.store(state, 1, Math.min(input.length, MAX_INPUT_BYTES));
    Atomics.store(state, 0, round);
    const failure = await tryInput(reader, input);
    if (failure !== undefined) report(failure, round);
  }
}
console.log(`fuzz: ${round} inputs, no fault`);
process.exit(0);
