import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** In bytes; Node.js's own WebAssembly, which strips types, has none as large. */
const PARSER = 30_000;

test('the parser of responses is compiled quickly, and not optimised after a few of them', async (t) => {
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = join(import.meta.dirname, 'many-requests-child.ts');
  const compilers = async (settings: NodeJS.ProcessEnv): Promise<readonly string[]> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--trace-wasm-compilation-times', child, url],
      { env: { PATH: process.env.PATH, ...settings } },
    );
    return [...stdout.matchAll(/using (\w+), .*bodysize (\d+)/g)]
      .filter(([, , size]) => Number(size) >= PARSER)
      .map(([, compiler = '']) => compiler);
  };
  assert.deepEqual(await compilers({}), ['Liftoff']);
  assert.deepEqual(await compilers({ http_proxy: url }), ['Liftoff'], 'through a proxy');
});
