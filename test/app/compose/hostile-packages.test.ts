import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, folder, small } from '../harness.ts';

test('names that are no UTF-8 go through an image unharmed; a path given twice is refused', async (t) => {
  const dir = tempDir(t);
  const repo = writeAlpineMirror(dir, {
    packages: [
      small('odd', {
        files: [{ path: 'usr/' }, { path: 'usr/\udcff\udcfe', content: 'bytes' }],
      }),
      small('twice', {
        files: [
          { path: 'usr/' },
          { path: 'usr/twice', content: 'one' },
          { path: 'usr/twice', content: 'two' },
        ],
      }),
    ],
  });
  const out = join(dir, 'out.tar');
  const words = [
    '--arch',
    'x86_64',
    '--repo',
    repo,
    '--allow-untrusted',
    '--cache',
    join(dir, 'cache'),
    '-o',
    out,
  ];
  const ended = await cli(['odd', ...words, '--layers', 'single', '--layer-encoding', 'none', '--json']);
  assert.equal(ended.code, 0, ended.stdout);
  const image = readFileSync(out);
  assert.ok(image.includes(Buffer.from([0xff, 0xfe])), 'the name’s own bytes');
  assert.ok(image.includes(Buffer.from('F:usr\nR:\xff\xfe\n', 'latin1')), 'in the database too');
  const twice = await cli(['twice', ...words, '--json']);
  assert.equal(JSON.parse(twice.stdout).error.code, 'BAD_ARCHIVE', twice.stdout);
  assert.match(twice.stdout, /usr\/twice.*the same file twice/);
});

test('a symbolic link out of the tree and a file below it: nothing on this machine is written', async (t) => {
  const dir = tempDir(t);
  const target = folder(dir, 'outside');
  const repo = writeAlpineMirror(dir, {
    packages: [
      small('link', {
        files: [
          { path: 'usr/' },
          { path: 'usr/out', linkTarget: `../../../../../../..${target}` },
          { path: 'usr/out/evil', content: 'x' },
        ],
      }),
    ],
  });
  const ended = await cli([
    'link',
    '--arch',
    'x86_64',
    '--repo',
    repo,
    '--allow-untrusted',
    '--cache',
    join(dir, 'cache'),
    '-o',
    join(dir, 'out.tar'),
  ]);
  assert.notEqual(ended.code, 70, ended.stderr);
  assert.deepEqual(readdirSync(target), []);
});

test('an archive with end-of-archive too early, composed: repacked, and said', async (t) => {
  const dir = tempDir(t);
  const repo = writeAlpineMirror(dir, { packages: [small('early', { earlyEnd: true })] });
  const out = join(dir, 'out.tar');
  const ended = await cli([
    'early',
    '--arch',
    'x86_64',
    '--repo',
    repo,
    '--allow-untrusted',
    '--cache',
    join(dir, 'cache'),
    '-o',
    out,
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout + ended.stderr, /early-1\.0-r0.*end-of-archive/);
});
