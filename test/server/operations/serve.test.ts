import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY, small } from '../../app/harness.ts';
import { startMirror } from '../../fake/mirror.ts';
import { htpasswd } from '../../fixtures/htpasswd.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { basic } from '../access/guarded.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

interface Serving {
  readonly url: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** What it says on standard error */
  readonly said: () => string;
  readonly ended: Promise<unknown[]>;
}

/** `compose serve` as a process of its own. */
async function serving(t: TestContext, folder: string, words: readonly string[]): Promise<Serving> {
  const process_ = spawn(process.execPath, [MAIN, 'serve', '--cache', join(folder, 'cache'), ...words], {
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => void process_.kill('SIGKILL'));
  let text = '';
  process_.stderr.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const ended = once(process_, 'exit');
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (let tries = 0; tries < 400; tries++) {
      const found = pattern.exec(text);
      if (found !== null) return found;
      await sleep(50);
    }
    throw new Error(`the server said: ${text}`);
  };
  const [, url = ''] = await until(/serving on (http\S+)/);
  return { url, kill: (signal) => process_.kill(signal), said: () => text, ended };
}

async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await sleep(50);
  }
  assert.fail(what);
}

test('signals: SIGHUP reads the configuration again, SIGUSR1 opens the log again, SIGTERM lets requests end', async (t) => {
  const folder = tempDir(t);
  const [users, config, log] = ['users', 'serve.yaml', 'access.log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(users, htpasswd({ ann: 'a' }));
  const write = (anonymous: string) =>
    writeFileSync(
      config,
      `listen: 127.0.0.1:0\naccess: {htpasswd: users, anonymous: ${anonymous}}\naccess-log: access.log\n`,
    );
  write('[]');
  const { url, kill, said, ended } = await serving(t, folder, ['--config', config]);
  const status = async (init?: RequestInit) => (await fetch(`${url}/v2/_catalog`, init)).status;
  assert.deepEqual([await status(), await status(basic('ann', 'a'))], [401, 200]);

  const ready = await fetch(`${url}/readyz`);
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, checks: { storage: 'ok' } }]);

  write('[pull]');
  kill('SIGHUP');
  await eventually(async () => (await status()) === 200, 'the new configuration is used');
  writeFileSync(config, 'acess: {}\n');
  kill('SIGHUP');
  await eventually(() => /not reloaded: .*serve\.yaml:1:1: unknown key "acess"/.test(said()), said());
  assert.equal(await status(), 200);

  renameSync(log, `${log}.1`);
  kill('SIGUSR1');
  await eventually(() => existsSync(log), 'there is a new log');
  await status();

  const upload = await fetch(`${url}/v2/a/blobs/uploads/`, { method: 'POST', ...basic('ann', 'a') });
  assert.equal(upload.status, 202);
  let last = (_: string): void => {};
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('first'));
      last = (text) => {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      };
    },
  });
  const init = { method: 'PATCH', body, duplex: 'half', ...basic('ann', 'a') } as RequestInit;
  const sending = fetch(new URL(upload.headers.get('location') ?? '', url), init);
  await sleep(200);
  kill('SIGTERM');
  await sleep(200);
  await assert.rejects(fetch(url), 'no more connections are taken');
  last(' last');
  const answer = await sending;
  assert.deepEqual([answer.status, answer.headers.get('range')], [202, '0-9']);
  assert.deepEqual(await ended, [0, null]);
  assert.doesNotMatch(said(), /Debugger|inspector/i);
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.at(-1).method, 'PATCH');
});

test('the options of commands that resolve say what is served, and how it is composed', async (t) => {
  const folder = tempDir(t);
  for (const [repo, packages] of [
    ['main', [small('tool', { depends: ['lib'] }), small('lib')]],
    ['community', []],
  ] as const)
    writeAlpineMirror(join(folder, 'mirror'), { arch: 'aarch64', repo, packages, key: KEY });
  const mirror = await startMirror(join(folder, 'mirror'));
  t.after(() => mirror.close());
  const { url } = await serving(t, folder, [
    ...['--listen', '127.0.0.1:0', '--distro', 'alpine', '--release', 'v3.19', '--arch', 'arm64'],
    ...['--mirror', mirror.url, '--repo', 'main', '--keyring', writeApkKeyring(join(folder, 'keys'), [KEY])],
    ...['--base', 'none', '--layers', 'single', '--no-database'],
  ]);
  const manifest = async (reference: string) =>
    (await (await fetch(`${url}/v2/alpine/tool/manifests/${reference}`)).json()) as {
      readonly manifests: readonly { digest: string; platform: { architecture: string } }[];
      readonly layers: readonly unknown[];
    };
  const { manifests } = await manifest('v3.19');
  assert.deepEqual(
    manifests.map(({ platform }) => platform.architecture),
    ['arm64'],
  );
  assert.equal((await manifest(manifests[0]?.digest ?? '')).layers.length, 1);

  await manifest('v3.19');
  await fetch(`${url}/v2/by/a/blobs/uploads/`, { method: 'POST' });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  assert.deepEqual([read('compose_image_hits_total'), read('compose_image_misses_total')], [1, 1]);
  assert.equal(read('compose_uploads_open'), 1);
  assert.equal(read('compose_upstream_requests_total'), mirror.requests.length);
  const bytes = mirror.requests.reduce((all, one) => all + one.bytes, 0);
  assert.equal(read('compose_upstream_received_bytes_total'), bytes);
  assert.equal(read('compose_upstream_failures_total'), 0);
});

test('options for registries leave the distributions of the configuration as they are', async (t) => {
  const folder = tempDir(t);
  const config = join(folder, 'serve.yaml');
  writeFileSync(config, 'listen: 127.0.0.1:0\ndistributions: [{distro: arch}]\n');
  const refusal = async (distro: string, ...words: readonly string[]) => {
    const { url } = await serving(t, folder, ['--config', config, ...words]);
    return (await fetch(`${url}/v2/${distro}/a/manifests/latest`)).text();
  };
  assert.match(await refusal('alpine', '--insecure'), /alpine is not served here; served are arch/);
  assert.match(await refusal('arch', '--distro', 'alpine'), /arch is not served here; served are alpine/);
});
