import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plan } from '../../../src/app/query/plan.ts';
import { AppError } from '../../../src/model/app-error.ts';
import { makeApk } from '../../fixtures/apk.ts';
import { type ArchSpec, archFileName, makeArchPackage } from '../../fixtures/arch.ts';
import { writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, index, json, KEY, refused, small, source, use } from '../harness.ts';

const arch = (name: string): ArchSpec => ({ name, version: '1-1', files: [{ path: name, content: name }] });

const MAKERS = {
  alpine: {
    version: '1.0-r0',
    fileName: (name: string) => `${name}-1.0-r0.apk`,
    bytes: (name: string) => makeApk({ ...small(name), version: '1.0-r0' }),
  },
  arch: {
    version: '1-1',
    fileName: (name: string) => archFileName(arch(name)),
    bytes: (name: string) => makeArchPackage(arch(name)),
  },
} as const;

/** Puts a damaged file in the place of a sound one. */
const DAMAGE: Readonly<Record<string, (path: string, bytes: Buffer) => void>> = {
  cut: (path, bytes) => writeFileSync(path, bytes.subarray(0, bytes.length / 2)),
  empty: (path) => writeFileSync(path, ''),
  page: (path) => writeFileSync(path, '<!DOCTYPE html><title>log in</title>'),
  folder: (path) => mkdirSync(path),
  dangling: (path) => symlinkSync('nowhere', path),
  fifo: (path) => assert.equal(spawnSync('mkfifo', [path]).status, 0),
};

for (const distro of ['alpine', 'arch'] as const) {
  const { version, fileName, bytes } = MAKERS[distro];

  for (const [kind, spoil] of Object.entries(DAMAGE)) {
    test(`${distro}: of a folder with one archive that is ${kind} the others are had, and it says why when it is asked for`, async (t) => {
      const dir = tempDir(t);
      const cache = join(dir, 'cache');
      const folder = join(dir, 'packages');
      mkdirSync(folder);
      const path = join(folder, fileName('odd'));
      spoil(path, bytes('odd'));
      const from = { distro, repositories: [folder], allowUntrusted: true } as const;
      const alone = await index(cache, from).catch((error: unknown) => error);
      assert.ok(alone instanceof AppError, String(alone));
      assert.ok(alone.message.includes(path), alone.message);

      writeFileSync(join(folder, fileName('good')), bytes('good'));
      const notes: string[] = [];
      await use({ cache, notes }, async (context) => {
        const asked = { source: source(from), base: 'none' } as const;
        const { packages } = await plan(context, { ...asked, packages: ['good'] });
        assert.deepEqual(
          packages.map(({ name }) => name),
          ['good'],
        );
        assert.deepEqual(notes, [`${alone.message}; skipped`]);
        const error = await refused(plan(context, { ...asked, packages: ['odd'] }), 'UNSATISFIABLE');
        assert.ok(
          error.message.includes(`odd-${version} cannot be installed: ${alone.message.split('\n')[0]}`),
          error.message,
        );
        const unknown = await refused(plan(context, { ...asked, packages: ['other'] }), 'UNKNOWN_PACKAGE');
        assert.doesNotMatch(unknown.message, /damaged|cannot be installed/);
      });
    });

    test(`${distro}: ingest takes the other archives of a folder with one that is ${kind}, and ends as that one does`, async (t) => {
      const dir = tempDir(t);
      const folder = join(dir, 'packages');
      mkdirSync(folder);
      const path = join(folder, fileName('odd'));
      spoil(path, bytes('odd'));
      const ingest = (what: string, cache: string) =>
        cli(['ingest', what, '--allow-untrusted', '--cache', join(dir, cache), '--json']);
      const alone = await ingest(path, 'first');
      assert.ok((alone.code ?? 0) > 0, alone.stdout + alone.stderr);
      for (const name of ['a', 'z']) writeFileSync(join(folder, fileName(name)), bytes(name));
      const ended = await ingest(folder, 'cache');
      assert.equal(ended.code, alone.code, ended.stdout + ended.stderr);
      const { error } = json<{ error: { message: string; details: { taken: number; refused: number } } }>(
        ended,
      );
      assert.ok(error.message.includes(path), error.message);
      assert.deepEqual([error.details.taken, error.details.refused], [2, 1]);
      assert.equal(readdirSync(join(dir, 'cache', 'ingest')).length, 0);
    });
  }

  test(`${distro}: the sound one of two archives of a package is taken`, async (t) => {
    const dir = tempDir(t);
    writeFileSync(join(dir, fileName('good')), bytes('good'));
    writeFileSync(join(dir, fileName('good').replace('-1', '-2')), 'damaged');
    await use({ cache: join(dir, 'cache') }, async (context) => {
      const { packages } = await plan(context, {
        source: source({ distro, repositories: [dir], allowUntrusted: true }),
        packages: ['good'],
        base: 'none',
      });
      assert.deepEqual(
        packages.map((one) => `${one.name}-${one.version}`),
        [`good-${version}`],
      );
    });
  });
}

test('what trust alone refuses refuses the folder, with its hint', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const folder = join(dir, 'packages');
  mkdirSync(folder);
  writeFileSync(join(folder, 'signed-1.0-r0.apk'), makeApk(small('signed', { key: KEY })));
  writeFileSync(join(folder, 'cut-1.0-r0.apk'), '');
  const from = { repositories: [folder], keyring };
  assert.equal((await index(cache, from))[0]?.packages, 2);
  writeFileSync(join(folder, 'unsigned-1.0-r0.apk'), makeApk(small('unsigned', { key: null })));
  const error = await refused(index(cache, from), 'SIGNATURE', 'unsigned-1.0-r0.apk');
  assert.match(error.hint ?? '', /--allow-untrusted/);
});

test('no note tells of places of one folder that an index is not in', async (t) => {
  for (const distro of ['alpine', 'arch'] as const) {
    const { fileName, bytes } = MAKERS[distro];
    const dir = tempDir(t);
    writeFileSync(join(dir, fileName('good')), bytes('good'));
    const notes: string[] = [];
    await use({ cache: join(dir, 'cache'), notes }, (context) =>
      plan(context, {
        source: source({ distro, repositories: [dir], allowUntrusted: true }),
        packages: ['good'],
        base: 'none',
      }),
    );
    assert.deepEqual(notes, [], distro);
  }
});
