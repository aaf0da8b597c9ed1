import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { podmanEnv } from '../fixtures/engine.ts';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ARCH, realArch } from './compose-cli.ts';
import { differences, treeOfFolder, treeOfImage } from './trees.ts';

test('podman takes zstd layers as they are: load, run, and the mounted root is what the image says', async (t) => {
  const arch = realArch();
  if (arch === undefined) return t.skip(NO_ARCH);
  const podman = await podmanEnv(t);
  if (podman === undefined) return t.skip('skipped: no podman');
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const path = join(folder, 'a.tar');
  const report = cli.compose([...arch.packages, ...arch.source, '-o', path, '-t', 'real/arch:2017.12']);
  const zstd = report.layers.filter(({ mediaType }) => mediaType.endsWith('+zstd'));
  assert.deepEqual(
    zstd.map(({ packages, derived }) => [packages.join().replace(/-\d.*/, ''), derived]).sort(),
    ['gcc-libs', 'glibc', 'perl']
      .filter((name) => report.plan.packages.some((one) => one.name === name))
      .map((name) => [name, '']),
  );
  assert.match(podman.run(['load', '-i', path]), /Loaded image: docker\.io\/real\/arch:2017\.12/);
  const id = podman.run(['image', 'inspect', '--format', '{{.Id}}', 'real/arch:2017.12']).trim();
  assert.equal(`sha256:${id}`, report.imageId);

  const root = podman.run(['image', 'mount', 'real/arch:2017.12']).trim();
  assert.deepEqual(differences(treeOfFolder(root), treeOfImage(await verifyImage(path))), []);
  podman.run(['image', 'unmount', 'real/arch:2017.12']);

  // Podman's own limits are above those of a container that tests run in.
  const options = ['--network=none', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];
  const run = (...words: readonly string[]) =>
    podman.run(['run', '--rm', ...options, 'real/arch:2017.12', ...words]);
  assert.match(run('bash', '-c', 'echo $BASH_VERSION'), /^4\.4\.12/);
  assert.match(run('pacman', '-V'), /Pacman v5\.0\.2/);
  assert.match(
    run('bash', '-c', '/.pkg/install.sh >&2; /.pkg/install.sh; getent passwd root'),
    /root:x:0:0:/,
  );

  const loaded = cli.compose([...arch.packages, ...arch.source, '--load=podman'], podman.env);
  assert.match(loaded.loadedInto ?? '', /^podman /);
  assert.equal(loaded.digest, report.digest, 'podman reads zstd, so nothing is encoded anew for it');
});
