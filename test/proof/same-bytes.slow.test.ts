import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Descriptor } from '../../src/model/descriptor.ts';
import type { ComposeReport, LayerReport } from '../../src/model/request.ts';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ALPINE, NO_ARCH, type RealPackages, realAlpine, realArch } from './compose-cli.ts';

/** The blobs as a stranger's tar unpacks them. */
function unpack(path: string, folder: string): (digest: string) => Buffer {
  mkdirSync(folder);
  const { status, stderr } = spawnSync('tar', ['-xf', path, '-C', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return (digest) => readFileSync(join(folder, 'blobs/sha256', digest.slice('sha256:'.length)));
}

function archiveOf(set: RealPackages, layer: LayerReport): string {
  const [name = ''] = layer.packages;
  const found = set.folders
    .flatMap((folder) =>
      ['.apk', ...['x86_64', 'any'].flatMap((arch) => [`-${arch}.pkg.tar.zst`, `-${arch}.pkg.tar.xz`])].map(
        (suffix) => join(folder, name + suffix),
      ),
    )
    .filter((path) => existsSync(path));
  assert.equal(found.length, 1, `${name}: ${found}`);
  return found[0] as string;
}

function packageLayers(report: ComposeReport): readonly LayerReport[] {
  const layers = report.layers.filter(({ kind }) => kind === 'package');
  assert.equal(layers.length, report.plan.packages.length);
  assert.deepEqual(report.layers.at(-1)?.kind, 'install');
  return layers;
}

test('real Alpine: every layer but the install layer is the archive, byte for byte', (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const folder = tempDir(t);
  const path = join(folder, 'a.tar');
  const report = composeCli(folder).compose([...alpine.packages, ...alpine.source, '-o', path]);
  const blob = unpack(path, join(folder, 'unpacked'));
  for (const layer of packageLayers(report)) {
    assert.equal(layer.derived, '');
    assert.ok(blob(layer.digest).equals(readFileSync(archiveOf(alpine, layer))), layer.packages.join());
  }
  assert.deepEqual(report.notes, []);
});

test('real Arch: .zst archives are layers byte for byte; .xz ones are re-encoded, named, and hold the same tar', (t) => {
  const arch = realArch();
  if (arch === undefined) return t.skip(NO_ARCH);
  const folder = tempDir(t);
  const path = join(folder, 'a.tar');
  const report = composeCli(folder).compose([...arch.packages, ...arch.source, '-o', path]);
  const blob = unpack(path, join(folder, 'unpacked'));
  const annotations = new Map(
    JSON.parse(blob(report.digest ?? '').toString()).layers.map((layer: Descriptor) => [
      layer.digest,
      layer.annotations?.['dev.pkgcompose.derived'],
    ]),
  );
  let unmodified = 0;
  for (const layer of packageLayers(report)) {
    const archive = archiveOf(arch, layer);
    if (layer.derived === '') {
      unmodified += 1;
      assert.ok(blob(layer.digest).equals(readFileSync(archive)), archive);
      continue;
    }
    assert.match(archive, /\.xz$/);
    assert.equal(layer.derived, annotations.get(layer.digest));
    const xz = spawnSync('xz', ['-dc', archive], { maxBuffer: 1 << 30 });
    assert.equal(xz.status, 0);
    assert.ok(gunzipSync(blob(layer.digest)).equals(xz.stdout), archive);
    assert.equal(`sha256:${createHash('sha256').update(xz.stdout).digest('hex')}`, layer.diffId);
  }
  assert.equal(unmodified, 3);
  assert.match(
    report.notes[0] ?? '',
    /byte-identical to the archive \(xz is not an OCI layer encoding\): bash-4\.4/,
  );
});

test('same request, same bytes: another cache, zone, language, umask, folder, order of words', async (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const folder = tempDir(t);
  const first = composeCli(join(folder, 'first'));
  const second = composeCli(join(folder, 'second'), 'umask 077');
  const bytes = (cli: typeof first, name: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const path = join(folder, name);
    cli.compose([...words, '-t', 'same', '-o', path], env);
    return readFileSync(path);
  };
  const words = [...alpine.packages, ...alpine.source];
  const one = bytes(first, '1.tar', words);
  assert.ok(bytes(first, '2.tar', words).equals(one), 'a warm cache');
  const env = { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
  assert.ok(bytes(second, '3.tar', words, env).equals(one), 'another cache, zone, language and umask');

  const derived = [...words, '--layers', 'bundle'];
  const bundle = bytes(first, '4.tar', derived, { SOURCE_DATE_EPOCH: '1000000000' });
  assert.ok(!bundle.equals(one));
  const again = bytes(second, '5.tar', derived, { ...env, SOURCE_DATE_EPOCH: '1000000000' });
  assert.ok(again.equals(bundle), 'generated bundles from two caches');
  const image = await verifyImage(join(folder, '5.tar'));
  assert.equal(image.manifest.annotations?.['org.opencontainers.image.created'], '2001-09-09T01:46:40Z');
  assert.equal(image.rootfs.get('.pkg/install.sh')?.mtime, 1_000_000_000);
  assert.equal(
    image.rootfs.get('sbin/apk')?.mtime,
    (await verifyImage(join(folder, '1.tar'))).rootfs.get('sbin/apk')?.mtime,
  );
});
