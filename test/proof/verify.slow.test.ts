import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DiffReport } from '../../src/model/diff-report.ts';
import type { VerifyReport } from '../../src/model/verify-report.ts';
import { sharedData } from '../fixtures/shared.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli, NO_ALPINE } from './compose-cli.ts';

const SHAPES: Readonly<Record<string, readonly string[]>> = {
  package: [],
  capped: ['--max-layers', '7'],
  bundle: ['--layers', 'bundle'],
  single: ['--layers', 'single'],
  zstd: ['--layer-encoding', 'zstd'],
};

test('real Alpine packages, composed in every way, are verified by Alpine’s own keys', async (t) => {
  const folder = sharedData('data/alpine/v3.19-iso/x86_64');
  const keys = sharedData('data/alpine/keys');
  if (folder === undefined || keys === undefined) return t.skip(NO_ALPINE);
  const source = ['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64', '--repo', folder];
  const home = tempDir(t);
  const cli = composeCli(home);
  const path = (name: string) => join(home, `${name}.tar`);
  const verified = (image: string, run = cli): VerifyReport => {
    const { stdout } = run.run(['verify', image, '--keyring', keys, '--json']);
    return JSON.parse(stdout);
  };
  const known: string[][] = [];
  for (const [name, words] of Object.entries(SHAPES)) {
    cli.ok(['alpine-base', ...source, '--keyring', keys, ...words, '-o', path(name)]);
    const report = verified(path(name));
    assert.deepEqual(report.problems, [], name);
    const packages = report.layers.flatMap((layer) => layer.packages);
    assert.ok(packages.every(({ vouching }) => vouching.by === 'signature'));
    known.push(packages.map((one) => `${one.name}-${one.version}`).sort());
  }
  assert.ok((known[0]?.length ?? 0) > 20);
  for (const names of known) assert.deepEqual(names, known[0]);

  await t.test('signatures are in the archives: an empty catalog will do', () => {
    assert.deepEqual(verified(path('package'), composeCli(tempDir(t))).problems, []);
  });

  await t.test('the ways to compose differ in their layers alone', () => {
    for (const name of Object.keys(SHAPES)) {
      const { status, stdout } = cli.run(['diff', path('package'), path(name), '--json']);
      const report: DiffReport = JSON.parse(stdout);
      assert.equal(status, name === 'package' ? 0 : 1);
      assert.deepEqual([report.packages, report.files, report.config], [[], [], []]);
    }
  });

  await t.test('as skopeo writes it for docker: uncompressed, without a manifest', (t) => {
    if (spawnSync('skopeo', ['--version']).status !== 0) return t.skip('skipped: no skopeo');
    const saved = join(home, 'saved.tar');
    const words = ['copy', '-q', `docker-archive:${path('package')}`, `docker-archive:${saved}:a/b:1`];
    const { status, stderr } = spawnSync('skopeo', words, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const report = verified(saved);
    assert.deepEqual([report.digest, report.problems], [null, []]);
    assert.equal(report.layers.filter(({ kind }) => kind === 'derived').length, known[0]?.length);
  });
});
