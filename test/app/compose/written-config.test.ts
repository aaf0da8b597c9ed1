import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { cli, KEY, small } from '../harness.ts';

/** The `config` of the image that `compose tool WORDS` writes, read back from the file. */
async function written(t: TestContext, ...words: readonly string[]): Promise<unknown> {
  const folder = tempDir(t);
  const mirror = join(folder, 'mirror');
  writeAlpineMirror(mirror, {
    key: KEY,
    packages: [
      small('tool', {
        files: [
          { path: 'bin', linkTarget: 'usr/bin' },
          { path: 'usr/' },
          { path: 'usr/bin/' },
          { path: 'usr/bin/busybox', content: 'x', mode: 0o755 },
          { path: 'usr/bin/sh', linkTarget: '/bin/busybox' },
          { path: 'etc/' },
          { path: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\nweb:x:100:101::/:/bin/sh\n' },
          { path: 'srv/' },
        ],
      }),
    ],
  });
  const out = join(folder, 'out.tar');
  const { code, stderr } = await cli([
    'tool',
    ...['--repo', join(mirror, 'v3.19/main'), '--arch', 'x86_64', '--base', 'none', '--no-scripts'],
    ...['--keyring', writeApkKeyring(join(folder, 'keys'), [KEY]), '--cache', join(folder, 'cache')],
    ...['-o', out, ...words],
  ]);
  assert.equal(code, 0, stderr);
  return (await verifyImage(out)).config.json.config;
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

test('without options the image runs its shell, though that is a link in a linked folder', async (t) => {
  assert.deepEqual(await written(t), { Env: [PATH], Cmd: ['/bin/sh'] });
});

test('every option of the command line is in the config that is written', async (t) => {
  const config = await written(
    t,
    ...['--user', 'web', '--workdir', '/srv', '--expose', '8080', '--expose', '53/udp'],
    ...['--entrypoint', '["/usr/bin/sh","-c"]', '--cmd', '["true"]', '--env', 'A=1', '--label', 'b=2'],
  );
  assert.deepEqual(config, {
    User: 'web',
    ExposedPorts: { '53/udp': {}, '8080/tcp': {} },
    Env: [PATH, 'A=1'],
    Entrypoint: ['/usr/bin/sh', '-c'],
    Cmd: ['true'],
    WorkingDir: '/srv',
    Labels: { b: '2' },
  });
});
