import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../src/model/digest.ts';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ALPINE, realAlpine } from './compose-cli.ts';
import { differences, treeOfFolder, treeOfImage } from './trees.ts';

function runs(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

test('one real image, read by skopeo, umoci and crane', async (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const tar = join(folder, 'a.tar');
  const layout = join(folder, 'layout');
  const words = [...alpine.packages, ...alpine.source, '-t', 'real/alpine:3.19'];
  const report = cli.compose([...words, '-o', tar]);
  assert.equal(cli.compose([...words, '--format', 'oci-dir', '-o', layout]).digest, report.digest);
  const image = await verifyImage(tar);

  await t.test('skopeo: inspect and copy, as docker archive and as OCI', (t) => {
    if (!isThere('skopeo')) return t.skip('skipped: no skopeo');
    for (const source of [`docker-archive:${tar}`, `oci-archive:${tar}`, `oci:${layout}`]) {
      const inspected = JSON.parse(runs('skopeo', 'inspect', source));
      assert.equal(inspected.Layers.length, report.layers.length, source);
      assert.equal(inspected.Architecture, 'amd64');
      const target = join(folder, source.replace(/\W.*/, ''));
      runs('skopeo', '--insecure-policy', 'copy', '-q', source, `dir:${target}`);
      const copied = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'));
      assert.equal(copied.config.digest, report.imageId, source);
      if (source.startsWith('docker-archive')) {
        assert.equal(copied.layers.length, report.layers.length);
        continue;
      }
      assert.deepEqual(
        copied.layers.map(({ digest }: { digest: string }) => digest),
        report.layers.map(({ digest }) => digest),
      );
      for (const { digest } of report.layers) {
        assert.equal(digestOf(readFileSync(join(target, digest.slice('sha256:'.length)))), digest);
      }
    }
  });

  await t.test('umoci: the unpacked root is what the image says', (t) => {
    if (!isThere('umoci') || process.getuid?.() !== 0) return t.skip('skipped: no umoci, or not root');
    const bundle = join(folder, 'bundle');
    runs('umoci', 'unpack', '--image', `${layout}:real/alpine:3.19`, bundle);
    assert.deepEqual(differences(treeOfFolder(join(bundle, 'rootfs')), treeOfImage(image)), []);
    assert.ok(readdirSync(bundle).includes('config.json'));
  });

  await t.test('crane: reads the tar as docker does', (t) => {
    if (!isThere('crane')) return t.skip('skipped: no crane');
    const out = join(folder, 'crane.tar');
    const { status, stderr } = spawnSync('sh', ['-c', 'crane export - "$1" < "$2"', 'sh', out, tar], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(runs('tar', '-tf', out), /^(\.\/)?bin\/busybox$/m);
    assert.equal(runs('crane', 'validate', '--tarball', tar).includes('PASS'), true);
  });
});
