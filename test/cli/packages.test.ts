import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SearchRequest } from '../../src/app/query/search.ts';
import { FILES, OWNS, runFake, SEARCH, SHOW } from './fake-app.ts';

/** Lines of text output, without the empty last one. */
const lines = (text: string) => text.trimEnd().split('\n');

describe('compose search', () => {
  test('hands words and options on, and shows a table', async () => {
    const got = await runFake(['search', 'git', 'c++', '--distro', 'arch', '--limit', '5']);
    const { source, ...asked } = got.calls[0]?.argument as SearchRequest;
    assert.deepEqual(asked, { words: ['git', 'c++'], regex: false, limit: 5 });
    assert.equal(source.distro, 'arch');
    assert.equal(got.exitCode, 0);
    const [title, git, busybox, , total] = lines(got.stdout);
    assert.match(title ?? '', /^PACKAGE +VERSION +REPOSITORY +STATE +DESCRIPTION$/);
    assert.match(git ?? '', /^git +2\.43\.0-r0 +main +cached +Distributed version control$/);
    assert.match(busybox ?? '', /Many utilities \(provides cmd:a, cmd:b, cmd:c and 1 more\)$/);
    assert.equal(total, '2 packages');
  });

  test('shows fifty unless told otherwise, and says how many there are', async () => {
    const limitOf = async (...words: string[]) =>
      ((await runFake(['search', 'x', ...words])).calls[0]?.argument as SearchRequest).limit;
    assert.equal(await limitOf(), 50);
    assert.equal(await limitOf('--limit', '0'), Number.POSITIVE_INFINITY);
    const some = await runFake(['search', 'x'], {
      answers: { search: async () => ({ ...SEARCH, total: 99 }) },
    });
    assert.equal(lines(some.stdout).at(-1), '99 packages; the best 2 are shown, --limit 0 shows all');
    for (const wrong of ['-1', 'many', '1.5']) {
      assert.equal((await runFake(['search', 'x', `--limit=${wrong}`])).exitCode, 2, wrong);
    }
  });

  test('nothing found is exit code 1, with the nearest names, also as JSON', async () => {
    const answers = { search: async () => ({ total: 0, packages: [], nearest: ['git'] }) };
    const text = await runFake(['search', 'gti'], { answers });
    assert.deepEqual([text.exitCode, text.stdout], [1, 'no package matches\ndid you mean git?\n']);
    const json = await runFake(['search', 'gti', '--json'], { answers });
    assert.deepEqual(
      [json.exitCode, JSON.parse(json.stdout)],
      [1, { total: 0, packages: [], nearest: ['git'] }],
    );
    assert.equal((await runFake(['search'])).exitCode, 2);
  });

  test('--regex', async () => {
    const got = await runFake(['search', '--regex', '^git$']);
    assert.equal((got.calls[0]?.argument as SearchRequest).regex, true);
  });
});

describe('compose show', () => {
  test('shows what is known, aligned, and nothing that is empty', async () => {
    const got = await runFake(['show', 'git']);
    assert.equal(
      got.stdout,
      `name            git
version         2.43.0-r0
repository      main (v3.19 x86_64)
description     Distributed version control
homepage        https://git.example
license         GPL-2.0-only
origin          git
maintainer      Some One <one@example.test>
built           2023-11-20T12:00:00.000Z
commit          abc
download        2.5 MB (2500000 bytes)
installed       6.0 MB
depends on      so:libc.musl-x86_64.so.1  so:libz.so.1
provides        cmd:git=2.43.0-r0
checksum        Q1abc=
signature       index signed by key-1
archive         https://mirror.example/main/git-2.43.0-r0.apk
cached          ${SHOW.packages[0]?.cached?.digest}
diffID          ${SHOW.packages[0]?.cached?.diffId}
layer           unchanged (gzip)
signed by       key-1
scripts         post-install
triggers        /usr/bin/*
contents        3 paths
`,
    );
  });

  test('long lists are wrapped; control characters are shown, not obeyed', async () => {
    const [entry] = SHOW.packages;
    const depends = Array.from({ length: 40 }, (_, at) => `so:library-${at}.so.1`);
    const packages = [
      {
        ...entry!,
        depends,
        description: 'a\u001b[2Jb\u2028name fake\u2029\u0085\nname fake',
        cached: undefined,
      },
    ];
    const got = await runFake(['show', 'x'], {
      answers: { show: async () => [{ ...SHOW, by: 'provides', target: 'x', packages }] },
    });
    assert.ok(lines(got.stdout).every((line) => line.length <= 100));
    assert.equal(got.stdout.match(/so:library-/g)?.length, 40);
    assert.doesNotMatch(got.stdout, /\u001b|^name +fake/mu);
    assert.ok(
      got.stdout.includes('a\\u001b[2Jb\\u2028name fake\\u2029\\u0085\\u000aname fake\n'),
      'no line separator makes a line',
    );
    assert.match(got.stdout, /^provides +x: no package has that name; this one provides it\n/);
    assert.match(got.stdout, /^cached +no$/m);
  });

  test('as JSON: every field, null for what there is none of', async () => {
    const { stdout } = await runFake(['show', 'git', '--json']);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify([SHOW])));
  });
});

describe('compose files', () => {
  test('a path a line, whatever is in it', async () => {
    const got = await runFake(['files', 'git']);
    assert.equal(got.stdout, 'usr/\nusr/bin/\nusr/bin/git\nusr/bin/git-shell\nusr/a\\u000ab\n');
    assert.equal((got.calls[0]?.argument as { details: boolean }).details, false);
  });

  test('of several packages each line begins with a name', async () => {
    const answers = { files: async () => [FILES, { ...FILES, name: 'hub', paths: ['usr/bin/hub'] }] };
    assert.equal(
      lines((await runFake(['files', 'git', 'hub'], { answers })).stdout).at(-1),
      'hub usr/bin/hub',
    );
  });

  test('-l and --json want the details', async () => {
    for (const option of ['-l', '--long', '--json']) {
      const { calls } = await runFake(['files', 'git', option]);
      assert.equal((calls[0]?.argument as { details: boolean }).details, true, option);
    }
    assert.equal(
      (await runFake(['files', 'git', '-l'])).stdout,
      `drwxr-xr-x            0 usr/
drwxrwxrwt            0 usr/bin/
-rwsr-xr-x        12345 usr/bin/git
lrwxrwxrwx            0 usr/bin/git-shell -> git
hrw-r-----            0 usr/a\\u000ab link to usr/bin/git
`,
    );
  });
});

describe('compose owns', () => {
  test('shows owners, what was not found, and who may own it', async () => {
    const got = await runFake(['owns', '/usr/bin/git', '/usr/bin/svn']);
    assert.deepEqual(lines(got.stdout), [
      'PATH         PACKAGE  VERSION    REPOSITORY',
      'usr/bin/git  git      2.43.0-r0  main',
      'usr/bin/git  git      2.40.0-r0  not in these',
      '/usr/bin/svn: not in any package with a known file list',
      'from the index: subversion-1.14-r0 provides cmd:svn',
    ]);
    assert.equal(got.exitCode, 1, 'one of the paths was not found');
    assert.deepEqual((got.calls[0]?.argument as { paths: unknown }).paths, ['/usr/bin/git', '/usr/bin/svn']);
  });

  test('exit code 0 when every path is found; the whole report as JSON', async () => {
    const answers = { owns: async () => ({ ...OWNS, missing: [] }) };
    const got = await runFake(['owns', 'git', '--json'], { answers });
    assert.deepEqual([got.exitCode, JSON.parse(got.stdout)], [0, { ...OWNS, missing: [] }]);
  });
});

test('compose index --files', async () => {
  const files = async (...words: string[]) =>
    ((await runFake(['index', ...words])).calls[0]?.argument as { files: boolean }).files;
  assert.deepEqual([await files('--files'), await files()], [true, false]);
});
