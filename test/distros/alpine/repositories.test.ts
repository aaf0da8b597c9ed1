import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alpine } from '../../../src/distros/alpine/distro.ts';
import { parseRepositoryLine, resolveRelease } from '../../../src/distros/alpine/repositories.ts';
import { repositoryLines } from '../../../src/distros/alpine/repository-lines.ts';
import { isAppError } from '../../../src/model/app-error.ts';

const X86 = { architecture: 'x86_64', release: '', mirrors: [] };

test('the default is main and community of latest-stable on the official mirror', () => {
  const [main, community, ...rest] = alpine.repositories.official(X86);
  assert.equal(rest.length, 0);
  assert.deepEqual(main?.baseUrls, ['https://dl-cdn.alpinelinux.org/alpine/latest-stable/main/x86_64']);
  assert.deepEqual(community?.baseUrls, [
    'https://dl-cdn.alpinelinux.org/alpine/latest-stable/community/x86_64',
  ]);
  assert.deepEqual(main?.indexNames, ['APKINDEX.tar.gz']);
});

test('mirrors keep their order; 3.19 and v3.19 are one release', () => {
  for (const release of ['3.19', 'v3.19']) {
    const [main] = alpine.repositories.official({
      release,
      architecture: 'aarch64',
      mirrors: ['http://a/alpine/', '/srv/alpine'],
    });
    assert.equal(main?.release, 'v3.19');
    assert.deepEqual(main?.baseUrls, [
      'http://a/alpine/v3.19/main/aarch64',
      '/srv/alpine/v3.19/main/aarch64',
    ]);
  }
  assert.equal(alpine.repositories.official({ ...X86, release: 'edge' }).length, 2);
  assert.throws(
    () => alpine.repositories.official({ ...X86, release: '../..' }),
    (error) => isAppError(error, 'USAGE'),
  );
});

test('repository lines as apk writes them', () => {
  assert.equal(parseRepositoryLine('# http://x', X86), null);
  assert.equal(parseRepositoryLine('   ', X86), null);
  const edge = parseRepositoryLine('@testing https://m/alpine/edge/testing/', X86);
  assert.equal(edge?.tag, 'testing');
  assert.equal(edge?.name, 'testing');
  assert.equal(edge?.release, 'edge');
  assert.deepEqual(edge?.baseUrls, ['https://m/alpine/edge/testing/x86_64', 'https://m/alpine/edge/testing']);
  const folder = parseRepositoryLine('/srv/packages', X86);
  assert.deepEqual(folder?.baseUrls, ['/srv/packages/x86_64', '/srv/packages']);
  assert.equal(folder?.name, 'packages');
  assert.deepEqual(parseRepositoryLine('file:///srv/a/x86_64', X86)?.baseUrls, ['file:///srv/a/x86_64']);
  assert.deepEqual(parseRepositoryLine('http://m/a/x86_64/APKINDEX.tar.gz', X86)?.baseUrls, [
    'http://m/a/x86_64',
  ]);
  for (const line of ['', '# x', '@edge', '@ http://x']) {
    assert.throws(
      () => alpine.repositories.parse(line, X86),
      (error) => isAppError(error, 'USAGE'),
      line,
    );
  }
});

test('a release that is asked for wins over the one in the location', () => {
  assert.equal(parseRepositoryLine('http://m/v3.18/main', { ...X86, release: '3.19' })?.release, 'v3.19');
  assert.equal(
    parseRepositoryLine('http://m/v3.18/main', { ...X86, release: 'latest-stable' })?.release,
    'v3.18',
  );
});

test('latest-stable is resolved to the release that the index is of', () => {
  const named = (name: string, version: string) => (wanted: string) =>
    wanted === name ? version : undefined;
  const none = () => undefined;
  assert.equal(resolveRelease({ versionOf: named('alpine-release', '3.19.1-r0'), description: '' }), 'v3.19');
  assert.equal(
    resolveRelease({ versionOf: named('alpine-base', '3.24.0_alpha20260101-r0'), description: '' }),
    'edge',
  );
  assert.equal(resolveRelease({ versionOf: none, description: 'v3.19.1-643-gec825d20535' }), 'v3.19');
  assert.equal(resolveRelease({ versionOf: none, description: 'v20240606-123-gabcdef' }), 'edge');
  assert.equal(resolveRelease({ versionOf: none, description: 'mine' }), '');
  const [spec] = alpine.repositories.official(X86);
  assert.ok(spec !== undefined);
  const index = { versionOf: none, description: 'v3.21.0-1-gabc' };
  assert.equal(alpine.releases.of(index, spec), 'v3.21');
  assert.equal(alpine.releases.of(index, { ...spec, release: 'v3.19' }), 'v3.19');
});

test('lines of apk 3: types, tags, components, variables', () => {
  const read = repositoryLines({ architecture: 'aarch64' });
  const all = (...lines: readonly string[]) => lines.flatMap(read);
  assert.deepEqual(all('v2 https://m/v3.24 main community'), [
    'https://m/v3.24/main',
    'https://m/v3.24/community',
  ]);
  assert.deepEqual(all('https://m/v3.24/ main'), ['https://m/v3.24/main']);
  assert.deepEqual(all('v2 @edge https://m/edge?token main testing'), [
    '@edge https://m/edge/main?token',
    '@edge https://m/edge/testing?token',
  ]);
  assert.deepEqual(all('set a=https://m/v3.24', 'set -default a=x', `set b=\${a}/main`, `\${b}`), [
    'https://m/v3.24/main',
  ]);
  assert.deepEqual(all(`/srv/\${APK_ARCH} x`, `\${a} \${APK_ARCH:3}`), [
    '/srv/aarch64/x',
    'https://m/v3.24/aar',
  ]);
  assert.deepEqual(all('set -default a=https://other', `@t \${a}`), ['@t https://m/v3.24']);
  assert.deepEqual(all('ndx @t https://m/some/index.tar.gz', 'ndx /srv/x/list'), [
    'ndx @t https://m/some/index.tar.gz',
    'ndx /srv/x/list',
  ]);
  assert.deepEqual(all('main', 'packages', '@t ./with space', 'oci://r/alpine:v3.19'), [
    'main',
    'packages',
    '@t ./with space',
    'oci://r/alpine:v3.19',
  ]);
  for (const line of [
    'deb http://x main',
    'v2 main community',
    'ndx https://m/x.tar.gz main',
    `https://m/\${nothing}`,
    'set APK_ARCH=x86',
    'set 1a=b',
    'set -other a=b',
    'set a',
  ])
    assert.throws(
      () => read(line),
      (error) => isAppError(error, 'USAGE') && error.message.includes(JSON.stringify(line)),
      line,
    );
  assert.throws(
    () => read('v3 https://m/v3.26 main'),
    (error) => isAppError(error, 'UNSUPPORTED') && /^v3 https:.*apk 3/.test(error.message),
  );
});

test('an index of any name, and none in apk 3’s own format', () => {
  const of = (line: string) => {
    const { baseUrls, indexNames, name, tag } = alpine.repositories.parse(line, X86);
    return { baseUrls, indexNames, name, tag };
  };
  assert.deepEqual(of('https://m/v3.24/some/index.tar.gz'), {
    baseUrls: ['https://m/v3.24/some'],
    indexNames: ['index.tar.gz'],
    name: 'some',
    tag: '',
  });
  assert.deepEqual(of('ndx @t /srv/x/list'), {
    baseUrls: ['/srv/x'],
    indexNames: ['list'],
    name: 'x',
    tag: 't',
  });
  assert.throws(
    () => of('https://m/v3.26/main/x86_64/Packages.adb'),
    (error) => isAppError(error, 'UNSUPPORTED') && error.message.includes('Packages.adb'),
  );
});
