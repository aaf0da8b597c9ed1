import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, isAppError } from '../../src/model/app-error.ts';
import { ARCHIVE_READERS } from './archive-readers.ts';
import { mutated, randomFrom } from './mutate.ts';
import { nextInput, tryInput } from './run.ts';
import { textReaders } from './text-readers.ts';

const SEED = 1;
const ROUNDS = 20;

test('every reader takes changed samples, or refuses them with an AppError', async () => {
  const random = randomFrom(SEED);
  for (const reader of [...ARCHIVE_READERS, ...(await textReaders())]) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const failure = await tryInput(reader, nextInput(reader, random));
      assert.equal(failure, undefined, `${reader.name}, round ${round}: ${failure?.problem}`);
    }
  }
});

test('the first sample of each archive reader is read to its end', async () => {
  for (const reader of ARCHIVE_READERS) {
    const [sample] = reader.samples as [Buffer];
    try {
      await reader.read(reader.wrap?.(sample) ?? sample);
    } catch (error) {
      assert.fail(`${reader.name}: ${isAppError(error) ? error.message : String(error)}`);
    }
  }
});

test('any other error than an AppError is a failure', async () => {
  const reader = (read: () => unknown) => ({ name: 'x', samples: [Buffer.from('x')], read });
  const thrown = await tryInput(
    reader(() => {
      throw new TypeError('oops');
    }),
    Buffer.from('x'),
  );
  assert.match(thrown?.problem ?? '', /oops/);
  const refused = () => Promise.reject(new AppError('BAD_ARCHIVE', 'x'));
  assert.equal(await tryInput(reader(refused), Buffer.from('x')), undefined);
});

test('the same seed gives the same inputs', () => {
  const samples = [Buffer.from('a = b\n'.repeat(50)), Buffer.alloc(600, 7)];
  const inputs = (seed: number): string[] => {
    const random = randomFrom(seed);
    return Array.from({ length: 200 }, () => mutated(samples, random).toString('hex'));
  };
  assert.deepEqual(inputs(5), inputs(5));
  assert.notDeepEqual(inputs(5), inputs(6));
  assert.ok(new Set(inputs(5)).size > 150);
});
