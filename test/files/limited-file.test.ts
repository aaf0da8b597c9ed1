import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLimitedFile, readLimitedInput } from '../../src/files/limited-file.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { tempDir } from '../fixtures/temp.ts';

test('files of just the limit are read, larger ones and endless ones refused', async (t) => {
  const path = join(tempDir(t), 'file');
  const content = Buffer.alloc(200_000, 'x');
  writeFileSync(path, content);
  assert.deepEqual(readLimitedFile(path, 200_000), content);
  assert.deepEqual(await readLimitedInput(path, 200_000), content);
  const isLimit = (error: unknown) =>
    isAppError(error, 'LIMIT') && /at most 199999 bytes/.test(error.message);
  assert.throws(() => readLimitedFile(path, 199_999), isLimit);
  await assert.rejects(readLimitedInput(path, 199_999), isLimit);
  await assert.rejects(readLimitedInput('/dev/zero', 199_999), isLimit);
  assert.throws(
    () => readLimitedFile('/dev/zero', 10),
    (error) => isAppError(error, 'UNSUPPORTED'),
  );
});

test('a pipe is read to its end; where a file is needed it is refused at once', async (t) => {
  const pipe = join(tempDir(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.throws(
    () => readLimitedFile(pipe, 10),
    (error) => isAppError(error, 'UNSUPPORTED'),
  );
  const writer = spawn('sh', ['-c', `sleep 0.2; (printf one; sleep 0.2; printf two) > ${pipe}`]);
  const ended = once(writer, 'exit');
  const read = await readLimitedInput(pipe, 10);
  assert.equal(read.toString(), 'onetwo');
  await ended;
});
