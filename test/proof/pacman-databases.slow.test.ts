import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { plan } from '../../src/app/query/plan.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { source, use } from '../app/harness.ts';
import { packArchDb } from '../fixtures/arch.ts';
import type { FixtureFile } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';

/** Which of two packages can be had of a database whose second record is odd */
type Usable = 'both' | 'good' | 'neither';

type Fields = Readonly<Record<string, string | undefined>>;

function desc(name: string, version: string, changed: Fields = {}): string {
  const fields: Fields = {
    FILENAME: `${name}-${version}-any.pkg.tar.zst`,
    NAME: name,
    BASE: name,
    VERSION: version,
    DESC: 'text',
    CSIZE: '5',
    ISIZE: '10',
    SHA256SUM: '0'.repeat(64),
    LICENSE: 'MIT',
    ARCH: 'any',
    BUILDDATE: '1700000000',
    ...changed,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `%${field}%\n${value}\n\n`)
    .join('');
}

const member = (path: string, content: string): FixtureFile => ({ path, content });
const odd = (changed: Fields, more = ''): FixtureFile[] => [
  member('odd-1-1/desc', desc('odd', '1-1', changed) + more),
];
const text = (content: string): FixtureFile[] => [member('odd-1-1/desc', content)];
const DESC = desc('odd', '1-1');

/** What pacman says; the third column: what is said here where that is less, and why. */
const ROWS: Readonly<Record<string, readonly [FixtureFile[], Usable, ours?: readonly [Usable, RegExp]]>> = {
  nothing: [odd({}), 'both'],
  'a size that is no number': [odd({ ISIZE: 'ten' }), 'both'],
  'a size below zero': [odd({ ISIZE: '-1', CSIZE: '-1' }), 'both'],
  'a size too large': [odd({ ISIZE: '9'.repeat(30), CSIZE: '9'.repeat(30) }), 'both'],
  'an empty size': [odd({ ISIZE: '', CSIZE: '' }), 'both'],
  'no sizes': [odd({ ISIZE: undefined, CSIZE: undefined }), 'both'],
  'a download size that is no number': [odd({ CSIZE: '1.5k' }), 'both'],
  'a date in words': [odd({ BUILDDATE: 'Mon Jan 1 2020' }), 'both'],
  'no file name': [odd({ FILENAME: undefined }), 'good', ['good', /expected a %FILENAME%, got none/]],
  'no version': [odd({ VERSION: undefined }), 'both'],
  'no name': [odd({ NAME: undefined }), 'both'],
  'an empty desc': [text(''), 'good', ['good', /expected a %FILENAME%/]],
  'blank lines alone': [text('\n\n'), 'good'],
  'another name': [odd({ NAME: 'other' }), 'both'],
  'another version': [odd({ VERSION: '2-1' }), 'both'],
  'a file name with a folder': [
    odd({ FILENAME: 'a/b.pkg.tar.zst' }),
    'neither',
    ['neither', /a file name as %FILENAME%, got "a\/b/],
  ],
  'a file name that climbs': [odd({ FILENAME: '../b.pkg.tar.zst' }), 'neither'],
  'a file name with a dot in front': [odd({ FILENAME: '.b.pkg.tar.zst' }), 'neither'],
  'a file name that is too long': [odd({ FILENAME: 'b'.repeat(5000) }), 'neither'],
  'a file name with a blank': [odd({ FILENAME: 'a b.pkg.tar.zst' }), 'both'],
  'an empty file name': [odd({ FILENAME: '' }), 'both', ['good', /expected a %FILENAME%, got none/]],
  'a folder with a blank': [
    [member('o dd-1-1/desc', desc('o dd', '1-1', { PROVIDES: 'odd' }))],
    'both',
    ['good', /allowed in a file name, got "o dd"/],
  ],
  'a folder with a dash in front': [
    [member('-dd-1-1/desc', desc('-dd', '1-1', { PROVIDES: 'odd' }))],
    'both',
    ['good', /allowed in a file name, got "-dd"/],
  ],
  'a folder with a dot in front': [[member('.odd-1-1/desc', desc('.odd', '1-1'))], 'neither'],
  'a folder without a release': [
    [member('odd-1/desc', desc('odd', '1'))],
    'neither',
    ['neither', /expected folders <name>-<version>-<release>, got "odd-1"/],
  ],
  'a folder without a version': [[member('odd/desc', DESC)], 'neither'],
  'a file beside the folders': [[...odd({}), member('README', 'x')], 'neither', ['neither', /got "README"/]],
  'another member in the folder': [[...odd({}), member('odd-1-1/other', 'x\n%DEPENDS%\nnone\n')], 'both'],
  'a member in a folder below': [[...odd({}), member('odd-1-1/a/desc', 'x')], 'both'],
  'a wrong checksum': [
    odd({ SHA256SUM: 'abc' }),
    'both',
    ['good', /expected 64 hex digits for %SHA256SUM%, got "abc"/],
  ],
  'no checksum': [odd({ SHA256SUM: undefined }), 'both'],
  'a signature that is none': [odd({ PGPSIG: '!!!' }), 'both'],
  'a field twice': [odd({}, '%DESC%\nagain\n\n%FILENAME%\nodd.pkg.tar.zst\n\n'), 'both'],
  'a list twice': [odd({}, '%DEPENDS%\ngood\n\n%DEPENDS%\nnone\n\n'), 'good'],
  'a desc twice': [[...odd({}), ...odd({})], 'both'],
  'a desc twice, once with a dependency': [[...odd({}), ...odd({}, '%DEPENDS%\nnone\n\n')], 'good'],
  'lines outside of fields': [text(`hello\n\n${DESC}hello\n`), 'both'],
  'no blank lines between fields': [text(DESC.replaceAll('\n\n', '\n')), 'both'],
  'carriage returns': [text(DESC.replaceAll('\n', '\r\n')), 'good'],
  'fields behind blanks': [text(DESC.replaceAll('%F', ' %F')), 'good'],
  'unknown fields': [odd({}, '%COLOUR%\nred\n\n%colour%\n%%\n%ARCH%\nsparc\n'), 'good'],
  'an unknown field': [odd({}, '%COLOUR%\nred\nblue\n\n'), 'both'],
  'two lines in a field of one': [odd({ DESC: 'a\nb' }), 'both'],
  'a field at the end': [odd({}, '%URL%\n'), 'both'],
  'no line feed at the end': [text(DESC.trimEnd()), 'both'],
  'no architecture': [odd({ ARCH: undefined }), 'both'],
  'another architecture': [odd({ ARCH: 'sparc' }), 'good'],
  'a blank as a dependency': [odd({}, '%DEPENDS%\n \n\n'), 'good'],
  'an operator as a dependency': [odd({}, '%DEPENDS%\n>=1\n\n'), 'good'],
  'depends alone': [[member('odd-1-1/depends', '%DEPENDS%\ngood\n\n')], 'good'],
};

for (const [what, [members, real, ours]] of Object.entries(ROWS)) {
  test(`one odd record in a database: ${what}`, async (t) => {
    const folder = tempDir(t);
    const repository = join(folder, 'x');
    mkdirSync(repository);
    const bytes = packArchDb([member('good-1-1/desc', desc('good', '1-1')), ...members]);
    writeFileSync(join(repository, 'x.db'), bytes);

    const [usable, reason] = ours ?? [real, /./];
    const [good, second] = await Promise.all(['good', 'odd'].map((name) => why(folder, repository, name)));
    assert.equal(good ?? '', usable === 'neither' ? good : '');
    assert.equal(second === undefined ? 'both' : good === undefined ? 'good' : 'neither', usable, second);
    if (second !== undefined) assert.match(second, reason);

    const theirs = pacman(t, folder, repository);
    if (theirs !== undefined) assert.equal(theirs, real);
  });
}

/** Why the package cannot be planned; undefined: it can. */
async function why(folder: string, repository: string, name: string): Promise<string | undefined> {
  const from = source({ distro: 'arch', repositories: [repository], allowUntrusted: true });
  try {
    await use({ cache: join(folder, name) }, (context) =>
      plan(context, { source: from, packages: [name], base: 'none' }),
    );
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error.message;
    throw error;
  }
}

function pacman(t: TestContext, folder: string, repository: string): Usable | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/pacman')) {
    t.diagnostic('not compared with pacman: there is none, or this is not root');
    return undefined;
  }
  const root = join(folder, 'root');
  mkdirSync(join(root, 'var/lib/pacman'), { recursive: true });
  const config = join(folder, 'pacman.conf');
  writeFileSync(
    config,
    `[options]\nArchitecture = x86_64\nSigLevel = Never\n[x]\nServer = file://${repository}\n`,
  );
  const run = (...words: readonly string[]) =>
    spawnSync(
      '/usr/bin/pacman',
      ['--config', config, '--root', root, '--cachedir', folder, '--noconfirm', ...words],
      {
        env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
      },
    ).status === 0;
  run('-Sy');
  if (!run('-Sp', 'good')) return 'neither';
  return run('-Sp', 'odd') ? 'both' : 'good';
}
