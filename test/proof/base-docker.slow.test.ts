import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ComposeReport } from '../../src/model/request.ts';
import { startDocker } from '../fixtures/engine.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli, NO_ALPINE, NO_ARCH, realAlpine, realArch } from './compose-cli.ts';

test('regression: what the summary says one can run runs; a shell, users and the package manager are there', async (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const docker = await startDocker(t);
  if (docker === undefined) return t.skip('skipped: no docker engine');
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const shell = (image: string, script: string, ...options: readonly string[]) =>
    docker.run(['run', '--rm', '-i', '--network=none', ...options, image], script);

  const printed = cli.ok(['jq', ...alpine.source]);
  assert.match(printed, /^base {9}12 packages \(minimal\): alpine-baselayout, .*apk-tools$/m);
  assert.match(printed, /^run it: {2}docker run --rm -it pkgcompose\/jq:latest$/m);
  assert.doesNotMatch(printed, /still to run/);
  docker.run(['load', '-i', join(folder, 'home', 'out.tar')]);
  assert.match(docker.run(['run', '--rm', '--network=none', 'pkgcompose/jq', 'jq', '--version']), /^jq-1\.7/);
  assert.equal(
    shell('pkgcompose/jq', 'id -un; cat /etc/alpine-release; apk info | wc -l'),
    'root\n3.19.1\n15\n',
  );
  assert.equal(shell('pkgcompose/jq', 'id -un', '--user', 'nobody'), 'nobody\n');
  assert.equal(shell('pkgcompose/jq', 'apk audit --system'), '');

  const words = ['jq', ...alpine.source, '--base', 'system', '--layers', 'auto', '--load=docker', '--json'];
  const report = JSON.parse(cli.ok([...words, '-t', 'of/system'], docker.env)) as ComposeReport;
  assert.equal(report.layers.length, 5);
  assert.match(shell('of/system', 'getconf PAGESIZE; ldd /usr/bin/jq | head -n 1'), /^4096\n.*ld-musl/);
});

test('Arch: an image of one package can be entered', async (t) => {
  const arch = realArch();
  if (arch === undefined) return t.skip(NO_ARCH);
  const docker = await startDocker(t);
  if (docker === undefined) return t.skip('skipped: no docker engine');
  const cli = composeCli(tempDir(t));
  cli.ok(['zlib', ...arch.source, '--load=docker'], docker.env);
  const script = 'id -un; ls /usr/lib/libz.so.1; . /usr/lib/os-release; echo "$NAME"';
  const printed = docker.run(['run', '--rm', '-i', '--network=none', 'pkgcompose/zlib'], script);
  assert.equal(printed, 'root\n/usr/lib/libz.so.1\nArch Linux\n');
});
