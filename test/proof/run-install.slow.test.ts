import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ComposeReport } from '../../src/model/request.ts';
import { openSandbox } from '../../src/sandbox/sandbox.ts';
import { openWorkshop, workFolder } from '../fidelity/check.ts';
import type { FidelitySet } from '../fidelity/sets.ts';
import { umoci } from '../fidelity/unpack.ts';
import { tempDir } from '../fixtures/temp.ts';
import { temporaryUser } from '../sandbox/temporary-user.ts';
import { composeCli, NO_ALPINE, NO_ARCH, type RealPackages, realAlpine, realArch } from './compose-cli.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

interface Real {
  readonly distro: FidelitySet['distro'];
  readonly set: () => RealPackages | undefined;
  readonly missing: string;
  /** What the scripts print, in order */
  readonly output: RegExp;
}

const REAL: readonly Real[] = [
  {
    distro: 'alpine',
    set: realAlpine,
    missing: NO_ALPINE,
    output:
      /busybox-\S+\.post-install[\s\S]*alpine-baselayout-\S+\.pre-install[\s\S]*busybox-\S+\.trigger[\s\S]*ca-certificates-\S+\.trigger/,
  },
  {
    distro: 'arch',
    set: realArch,
    missing: NO_ARCH,
    output: /post_install gnupg-[\s\S]*post_install archlinux-keyring-[\s\S]*Rebuilding certificate stores/,
  },
];

/** Undefined: skipped, aloud. */
async function available(t: TestContext, { set, missing }: Real): Promise<RealPackages | undefined> {
  const real = set();
  if (real === undefined) return void t.skip(missing);
  if (process.arch !== 'x64') return void t.skip('skipped: the packages are for x86_64');
  try {
    const signal = new AbortController().signal;
    await (await openSandbox({ directory: tempDir(t), env: process.env, signal })).close();
  } catch (error) {
    return void t.skip(`skipped: ${(error as Error).message}`);
  }
  return real;
}

for (const one of REAL) {
  test(`${one.distro}: --install run leaves what the real tool leaves with scripts`, async (t) => {
    const real = await available(t, one);
    if (real === undefined) return;
    if (process.getuid?.() !== 0) return t.skip('skipped: the real tool needs root');
    if (!existsSync('/usr/bin/umoci')) return t.skip('skipped: no umoci');
    const folder = workFolder();
    t.after(() => rmSync(folder, { recursive: true }));
    const workshop = openWorkshop(folder);
    const tool = await workshop.tool(one.distro);
    if (typeof tool === 'string') return t.skip(`skipped: ${tool}`);
    const set = { name: 'run', distro: one.distro, packages: real.packages };
    const bench = await workshop.open(set);
    const outcome = await bench.check({ install: 'run', after: false, unpacker: umoci, keep: false });
    bench.close();
    assert.ok(outcome.paths > 1000);
    // The real tool's scripts were given one, as a chroot has none; the sandbox mounts its own.
    assert.deepEqual(
      outcome.differences.filter(({ path }) => path !== 'dev/null'),
      [],
    );
  });

  test(`${one.distro}: the scripts are shown, run once, and give the same bytes on every run, also without root`, async (t) => {
    const real = await available(t, one);
    if (real === undefined) return;
    const folder = tempDir(t);
    chmodSync(folder, 0o755);
    const words = [
      ...real.packages,
      ...real.source,
      '--install',
      'run',
      '--layer-encoding',
      'gzip',
      '--json',
    ];
    const command = [process.execPath, MAIN, ...words];
    const cli = composeCli(folder);
    const composed = (): ComposeReport & { readonly shown: string } => {
      const { status, stdout, stderr } = cli.run([...words, '-o', join(folder, 'image.tar')]);
      assert.equal(status, 0, stderr);
      return { ...JSON.parse(stdout), shown: stderr };
    };
    const first = composed();
    assert.match(first.shown, one.output);
    const second = composed();
    assert.equal(second.digest, first.digest);
    assert.doesNotMatch(second.shown, one.output);

    const top = String(first.layers.at(-1)?.digest).replace('sha256:', '');
    if (process.getuid?.() !== 0) {
      rmSync(join(cli.cache, 'blobs/sha256', top));
      const third = composed();
      assert.match(third.shown, one.output);
      assert.equal(third.digest, first.digest);
      return;
    }
    await t.test('run again, without root', (t) => {
      const user = temporaryUser(t);
      if (user === undefined) return;
      const home = join('/home', user);
      const cache = join(home, 'cache');
      cpSync(cli.cache, cache, { recursive: true });
      rmSync(join(cache, 'blobs/sha256', top));
      assert.equal(spawnSync('chown', ['-R', `${user}:`, cache]).status, 0);
      const { status, stdout, stderr } = spawnSync(
        'runuser',
        ['-u', user, '--', ...command, '-o', join(home, 'image.tar')],
        {
          cwd: '/',
          encoding: 'utf8',
          env: { PATH: process.env.PATH, HOME: home, PKGCOMPOSE_CACHE: cache },
        },
      );
      assert.equal(status, 0, stderr);
      assert.equal(JSON.parse(stdout).digest, first.digest);
      assert.match(stderr, one.output);
    });
  });
}
