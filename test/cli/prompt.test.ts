import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { startFakeRegistry } from '../fake/registry.ts';
import { tempDir } from '../fixtures/temp.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const PASSWORD = 'hunter2 ü';
const SKIP = 'skipped: no script(1) of util-linux, which makes a terminal';

interface Typed {
  /** A question, and what is typed when it has been asked */
  readonly at: string;
  readonly keys: string;
}

interface Session {
  readonly code: number | null;
  /** All that the terminal showed */
  readonly shown: string;
}

/** Runs `compose …` at a terminal of its own. */
function atTerminal(words: readonly string[], home: string, typing: readonly Typed[]): Promise<Session> {
  const command = [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      PKGCOMPOSE_CACHE: join(home, 'cache'),
      TERM: 'xterm',
      SHELL: '/bin/sh',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const left = [...typing];
  let shown = '';
  let seen = 0;
  child.stdout.on('data', (bytes) => {
    shown += bytes;
    const [next] = left;
    const found = next === undefined ? -1 : shown.indexOf(next.at, seen);
    if (next === undefined || found < 0) return;
    seen = found + next.at.length;
    left.shift();
    if (left.length === 0) child.stdin.end(next.keys);
    else child.stdin.write(next.keys);
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ code, shown }));
  });
}

function hasScript(): boolean {
  return spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
}

test('login asks at the terminal, and shows nothing of the password', async (t) => {
  if (!hasScript()) return t.skip(SKIP);
  const registry = await startFakeRegistry(t, { auth: { kind: 'basic', users: { alice: PASSWORD } } });
  const home = tempDir(t);
  const { code, shown } = await atTerminal(['login', registry.host], home, [
    { at: 'User name: ', keys: 'alicf\u007fe\u001b[D\r' },
    { at: 'Password: ', keys: `xy\u007f\b${PASSWORD}\r` },
  ]);
  assert.equal(code, 0, shown);
  assert.match(shown, /User name: alicf[\b ]+e/);
  assert.doesNotMatch(shown, /hunter2|xy/);
  assert.match(shown, /logged in to .* as alice/);
  const { auths } = JSON.parse(readFileSync(join(home, '.docker/config.json'), 'utf8'));
  assert.equal(Buffer.from(auths[registry.host].auth, 'base64').toString(), `alice:${PASSWORD}`);
});

test('Ctrl-C and Ctrl-D at a question end the command, and nothing is kept', async (t) => {
  if (!hasScript()) return t.skip(SKIP);
  const registry = await startFakeRegistry(t);
  const home = tempDir(t);
  for (const key of ['\u0003', '\u0004']) {
    const { code, shown } = await atTerminal(['login', registry.host, '-u', 'alice'], home, [
      { at: 'Password: ', keys: `hunter2${key}` },
    ]);
    assert.equal(code, 130, shown);
    assert.doesNotMatch(shown, /hunter2/);
  }
  assert.deepEqual([existsSync(join(home, '.docker')), registry.requests], [false, []]);
});
