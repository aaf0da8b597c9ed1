import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type SearchRequest, search } from '../../../src/app/query/search.ts';
import type { SearchReport } from '../../../src/model/package-report.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, index, refused, small, source, use } from '../harness.ts';

type Asked = Partial<Omit<SearchRequest, 'source' | 'words'>>;

/** Indexes the packages and returns what searches them. */
async function searchable(t: { after(fn: () => void): void }, packages: readonly ApkSpec[]) {
  const dir = tempDir(t);
  const repository = writeAlpineMirror(join(dir, 'mirror'), { packages });
  const from = { repositories: [repository], allowUntrusted: true };
  const cache = join(dir, 'cache');
  await index(cache, from);
  return {
    cache,
    from,
    ask: (words: string, more: Asked = {}) => ask(cache, from, { words: words.split(' '), ...more }),
  };
}

function ask(
  cache: string,
  from: Partial<SourceOptions>,
  more: Asked & { words: readonly string[] },
): Promise<SearchReport> {
  const request = { source: source(from), regex: false, limit: 50, ...more };
  return use({ cache }, (context) => search(context, request));
}

const names = ({ packages }: SearchReport) => packages.map(({ name }) => name);

const PACKAGES: readonly ApkSpec[] = [
  small('libgit2', { description: 'A linkable library' }),
  small('tig', { description: 'Text-mode interface for git' }),
  small('gitea', { description: 'A self-hosted service' }),
  small('git', {
    description: 'Distributed version control',
    provides: ['cmd:git=1.0-r0', 'cmd:git-shell=1.0-r0'],
  }),
  small('git-doc', { description: 'Documentation' }),
  small('stgit', { description: 'Stacks of patches', provides: ['py3.11:stgit=1'] }),
  small('hub', { description: 'A wrapper', provides: ['cmd:git-hub=1'] }),
  small('forge', { description: 'Code hosting', provides: ['git=0'] }),
  small('py3-git', { description: 'Bindings' }),
  small('py3-yaml', { description: 'Reads and writes C data', provides: ['so:libyaml-0.so.2=2'] }),
];

describe('search', () => {
  test('ranks the name itself, names that begin with the word, names, what is provided, descriptions', async (t) => {
    const { ask } = await searchable(t, PACKAGES);
    const report = await ask('git');
    assert.deepEqual(names(report), [
      'git',
      'gitea',
      'git-doc',
      'stgit',
      'libgit2',
      'py3-git',
      'forge',
      'hub',
      'tig',
    ]);
    assert.equal(report.total, 9);
    const provides = new Map(report.packages.map((entry) => [entry.name, entry.provides]));
    assert.deepEqual(provides.get('git'), [], 'its name is reason enough');
    assert.deepEqual(provides.get('hub'), ['cmd:git-hub']);
    assert.deepEqual(names(await ask('GIT')), names(report), 'in any case');
    assert.deepEqual(names(await ask('git', { limit: 2 })), ['git', 'gitea']);
    assert.equal((await ask('git', { limit: 2 })).total, 9);
  });

  test('every word must match, each wherever it may', async (t) => {
    const { ask } = await searchable(t, PACKAGES);
    assert.deepEqual(names(await ask('git interface')), ['tig']);
    assert.deepEqual(names(await ask('git library linkable')), ['libgit2']);
    assert.deepEqual(names(await ask('git nothing')), []);
    assert.deepEqual(names(await ask('py3-* bindings')), ['py3-git']);
  });

  test('commands, libraries and whatever is provided are found by whole names and parts', async (t) => {
    const { ask } = await searchable(t, PACKAGES);
    assert.deepEqual(names(await ask('cmd:git-shell')), ['git']);
    assert.deepEqual(names(await ask('libyaml-0.so.2')), ['py3-yaml']);
    assert.deepEqual(names(await ask('so:*')), ['py3-yaml']);
  });

  test('a glob is for the whole of a name', async (t) => {
    const { ask } = await searchable(t, PACKAGES);
    assert.deepEqual(names(await ask('py3-*')), ['py3-git', 'py3-yaml']);
    assert.deepEqual(names(await ask('gi?')), ['git', 'forge'], 'forge provides git');
    assert.deepEqual(names(await ask('[th]*')), ['hub', 'tig']);
    assert.deepEqual(names(await ask('*yaml')), ['py3-yaml']);
    assert.deepEqual(names(await ask('*[')), []);
  });

  test('a regular expression is for any part of names, provides and descriptions', async (t) => {
    const { ask } = await searchable(t, PACKAGES);
    const regex = { regex: true };
    assert.deepEqual(names(await ask('^git$', regex)), ['git', 'forge']);
    assert.deepEqual(names(await ask('^(git|hub)$', regex)), ['git', 'hub', 'forge']);
    assert.deepEqual(names(await ask('reads.*writes', regex)), ['py3-yaml']);
    await refused(ask('(', regex), 'USAGE', /Invalid regular expression/);
  });

  test('an expression that backtracks without end is ended', async (t) => {
    const { ask } = await searchable(t, [small('a', { description: `${'a'.repeat(60)}!` })]);
    await refused(ask('^(a+)+$', { regex: true }), 'LIMIT', /more than 2 s/);
  });

  test('nothing found: the nearest names', async (t) => {
    const { ask } = await searchable(t, PACKAGES);
    assert.deepEqual(await ask('gitae'), { total: 0, packages: [], nearest: ['gitea'] });
    assert.deepEqual((await ask('hbu')).nearest, ['hub']);
  });

  test('what is cached is marked, as long as its bytes are there', async (t) => {
    const { cache, from, ask } = await searchable(t, [small('a'), small('b')]);
    await composed(cache, ['a'], from);
    const cached = async () => (await ask('package')).packages.map(({ name, cached: is }) => `${name} ${is}`);
    assert.deepEqual(await cached(), ['a true', 'b false']);
    rmSync(join(cache, 'blobs'), { recursive: true });
    assert.deepEqual(await cached(), ['a false', 'b false']);
  });

  test('only the repositories of the request are searched, in their order', async (t) => {
    const dir = tempDir(t);
    const one = writeAlpineMirror(join(dir, 'm'), {
      repo: 'one',
      packages: [small('x', { version: '1-r0' })],
    });
    const two = writeAlpineMirror(join(dir, 'm'), {
      repo: 'two',
      packages: [small('x', { version: '2-r0' }), small('y')],
    });
    const cache = join(dir, 'cache');
    const from = (...repositories: string[]) => ({ repositories, allowUntrusted: true });
    await index(cache, from(one, two));
    const versions = async (...repositories: string[]) =>
      (await ask(cache, from(...repositories), { words: ['x'] })).packages.map(
        ({ version, repository }) => `${repository} ${version}`,
      );
    assert.deepEqual(await versions(two, one), ['two 2-r0', 'one 1-r0']);
    assert.deepEqual(await versions(one, two), ['one 1-r0', 'two 2-r0']);
    assert.deepEqual(await versions(one), ['one 1-r0']);
  });

  test('what is a paste and no question is refused', async (t) => {
    const { cache, from } = await searchable(t, [small('a')]);
    await refused(ask(cache, from, { words: Array(17).fill('a') }), 'USAGE', /at most 16 words/);
    await refused(ask(cache, from, { words: ['a'.repeat(257)] }), 'USAGE', /at most 256 characters/);
  });
});

test('the real Alpine 3.19: 23,030 packages', async (t) => {
  const data = sharedData('data/alpine/v3.19/main');
  if (data === undefined) return t.skip('skipped: ../shared/data/alpine is not here');
  const cache = join(tempDir(t), 'cache');
  const from = {
    repositories: [data, data.replace(/main$/, 'community')],
    keyring: sharedData('data/alpine/keys') as string,
  };
  await index(cache, from);
  const first = async (words: string) => names(await ask(cache, from, { words: words.split(' '), limit: 3 }));
  assert.equal((await first('git'))[0], 'git');
  assert.equal((await first('so:libz.so.1'))[0], 'zlib');
  assert.equal((await first('json-c'))[0], 'json-c');
  assert.deepEqual((await first('distributed version control'))[0], 'git');
  assert.equal((await ask(cache, from, { words: ['py3-*'], limit: 1 })).total, 2779);
  assert.equal((await ask(cache, from, { words: ['^py3-'], regex: true, limit: 1 })).total, 2779);
});
