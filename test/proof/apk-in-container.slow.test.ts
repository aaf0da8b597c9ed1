import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startMirror } from '../fake/mirror.ts';
import type { ApkSpec } from '../fixtures/apk.ts';
import { writeAlpineMirror } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli, NO_ALPINE, realAlpine } from './compose-cli.ts';
import { realApkAdd } from './real-apk.ts';
import { differences, factsOfFolder, treeOfFacts } from './trees.ts';

/** Another package, which takes a file over and watches a folder of the image. */
const OTHER: ApkSpec = {
  name: 'other',
  version: '1.0-r0',
  depends: ['jq', 'so:libc.musl-x86_64.so.1'],
  replaces: ['alpine-release'],
  triggers: ['/usr/share/*'],
  scripts: {
    'pre-install': '#!/bin/sh\naddgroup -S other\nadduser -S -D -H -G other other\n',
    trigger: '#!/bin/sh\necho "$@" > /var/lib/other/seen\n',
    'post-deinstall': '#!/bin/sh\necho gone > /tmp/other\n',
  },
  files: [
    { path: 'etc/' },
    { path: 'etc/issue', content: 'other\n' },
    { path: 'usr/' },
    { path: 'usr/share/' },
    { path: 'usr/share/other/' },
    { path: 'usr/share/other/file', content: 'x' },
    { path: 'var/' },
    { path: 'var/lib/' },
    { path: 'var/lib/other/', uid: 7, gid: 7, uname: 'other', gname: 'other' },
  ],
};

/** What finishes the image’s install; the times of scripts, the day on which a user was made. */
const BY_NATURE = /^(\.pkg(\/.*)?|lib\/apk\/db\/scripts\.tar|etc\/shadow-?)$/;

for (const mode of ['static', 'deferred'])
  test(`apk works in a container of the image as in one that it installed itself: ${mode}`, async (t) => {
    const roots = await setUp(t, mode);
    if (roots === undefined) return;
    const { ours, theirs, repository } = roots;
    const both = async (...words: readonly string[]): Promise<string> => {
      const [one, other] = [await apk(ours, words), await apk(theirs, words)];
      assert.deepEqual(one, other, words.join(' '));
      return one;
    };
    const listed = await both('info', '-vv');
    assert.equal(listed.trim().split('\n').length, 53, listed);
    // ca-certificates’ own trigger has written it anew.
    assert.equal(await both('audit', '--system'), 'U etc/ssl/certs/ca-certificates.crt\n');
    await both('audit', '--full', '--recursive', '--packages');
    assert.match(await both('info', '--who-owns', '/bin/busybox'), /owned by busybox-1/);
    await both('info', '-L', 'alpine-baselayout');
    await both('info', '-a', 'chrony', 'git');
    await both('version', '-v');
    assert.match(await both('fix', '--no-network'), /^OK: /);
    assert.match(await both('fix', '--simulate', '--no-network', '--reinstall', 'git'), /Reinstalling git/);
    assert.match(await both('del', '--simulate', 'musl'), /musl: alpine-base musl-dev/);

    const from = ['--allow-untrusted', '--no-cache', '-X', repository];
    assert.match(await both('add', ...from, 'other'), /Executing other-1\.0-r0\.trigger/);
    assert.match(await both('info', '--who-owns', '/etc/issue'), /owned by other-1/);
    assertSameTree(ours, theirs);
    assert.match(await both('del', 'other'), /Purging other/);
    assert.match(await both('del', 'git', 'chrony'), /Purging git/);
    assertSameTree(ours, theirs);
    assert.equal(await both('audit', '--system'), '');
  });

/** The image’s root, finished, and the one that real apk made. */
async function setUp(t: TestContext, mode: string) {
  const alpine = realAlpine();
  if (alpine === undefined) {
    t.skip(NO_ALPINE);
    return undefined;
  }
  if (spawnSync('umoci', ['--version']).status !== 0) {
    t.skip('skipped: no umoci');
    return undefined;
  }
  const set = { ...alpine, packages: [...alpine.packages, 'chrony'] };
  const folder = tempDir(t);
  const theirs = realApkAdd(set, join(folder, 'apk'), []);
  if (theirs === undefined) {
    t.skip('skipped: real apk needs root on Linux, x86_64');
    return undefined;
  }
  const layout = join(folder, 'layout');
  const words = [...set.packages, ...set.source, '--install', mode, '--format', 'oci-dir', '-t', 'a:1'];
  composeCli(folder).compose([...words, '-o', layout]);
  const bundle = join(folder, 'bundle');
  const unpacked = spawnSync('umoci', ['unpack', '--image', `${layout}:a:1`, bundle], { encoding: 'utf8' });
  assert.equal(unpacked.status, 0, unpacked.stderr);
  const ours = join(bundle, 'rootfs');
  const finished = spawnSync('chroot', [ours, '/.pkg/install.sh'], { encoding: 'utf8' });
  assert.equal(finished.status, 0, finished.stderr);
  const mirror = await startMirror(join(folder, 'mirror'));
  t.after(() => mirror.close());
  writeAlpineMirror(join(folder, 'mirror'), { packages: [OTHER] });
  return { ours, theirs, repository: `${mirror.url}/v3.19/main` };
}

/** What the root’s own apk prints, errors too, whatever comes of it. */
function apk(root: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, maxBuffer: 64 << 20 };
    execFile('chroot', [root, '/sbin/apk', ...words], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve(`${stdout}${stderr}`);
    });
  });
}

/** But for times. */
function assertSameTree(ours: string, theirs: string): void {
  const [one, other] = [ours, theirs].map((root) =>
    treeOfFacts(new Map([...factsOfFolder(root)].map(([path, facts]) => [path, { ...facts, mtime: 0 }]))),
  ) as [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  assert.deepEqual(
    differences(one, other).filter(({ path }) => !BY_NATURE.test(path)),
    [],
  );
}
