import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TarScanner } from '../../src/archive/tar-reader.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf, hexOf } from '../../src/model/digest.ts';
import { FileEntries } from '../../src/model/file-entries.ts';
import type { FileEntry } from '../../src/model/file-entry.ts';
import { RootfsBuilder } from '../../src/output/rootfs.ts';
import { namesBelow } from '../../src/output/rootfs-node.ts';
import { type FixtureFile, tarEntries } from '../fixtures/tar.ts';

function entriesOf(files: readonly FixtureFile[]): FileEntries {
  const entries: FileEntry[] = [];
  const scanner = new TarScanner({
    entry: (entry) =>
      void entries.push({ ...entry, sha256: entry.type === 'file' ? hexOf(digestOf(entry.path)) : '' }),
  });
  scanner.write(tarEntries(files));
  scanner.finish();
  return FileEntries.of(entries);
}

/** `path type mode layer`, with `!` for implicit directories and `-> target` for links. */
function stack(...layers: readonly (readonly FixtureFile[])[]): readonly string[] {
  const builder = new RootfsBuilder();
  for (const files of layers) builder.apply(entriesOf(files));
  return [...namesBelow(builder.result())].map(([path, { entry }]) => {
    const link = entry.linkTarget || (entry.hardLinkOf === '' ? '' : `=${entry.hardLinkOf}`);
    return `${path} ${entry.type} ${entry.mode.toString(8)} ${entry.layer}${entry.implicit ? '!' : ''}${link && ` ${link}`}`;
  });
}

test('upper files replace lower ones; directories merge and take the upper attributes', () => {
  assert.deepEqual(
    stack(
      [{ path: 'd/', mode: 0o700 }, { path: 'd/a' }, { path: 'd/b' }],
      [
        { path: 'd/', mode: 0o1777 },
        { path: 'd/a', mode: 0o600 },
      ],
    ),
    ['d directory 1777 1', 'd/a file 600 1', 'd/b file 644 0'],
  );
});

test('a parent that a layer does not name is reset to 0755', () => {
  assert.deepEqual(stack([{ path: 'tmp/', mode: 0o1777 }], [{ path: 'tmp/a/b' }]), [
    'tmp directory 755 1!',
    'tmp/a directory 755 1!',
    'tmp/a/b file 644 1',
  ]);
  assert.deepEqual(stack([{ path: 'x/y' }, { path: 'x/', mode: 0o711 }, { path: 'x/z' }]), [
    'x directory 711 0',
    'x/y file 644 0',
    'x/z file 644 0',
  ]);
});

test('whiteouts hide lower layers only, wherever they stand in their own', () => {
  const lower = [{ path: 'd/' }, { path: 'd/a' }, { path: 'd/b/' }, { path: 'd/b/c' }, { path: '.PKGINFO' }];
  assert.deepEqual(stack(lower, [{ path: '.wh..PKGINFO' }, { path: 'd/' }, { path: 'd/.wh.b' }]), [
    'd directory 755 1',
    'd/a file 644 0',
  ]);
  for (const upper of [
    [{ path: 'd/' }, { path: 'd/.wh.a' }, { path: 'd/a', mode: 0o600 }],
    [{ path: 'd/' }, { path: 'd/a', mode: 0o600 }, { path: 'd/.wh.a' }],
  ]) {
    assert.deepEqual(stack([{ path: 'd/' }, { path: 'd/a' }], upper), [
      'd directory 755 1',
      'd/a file 600 1',
    ]);
  }
  assert.deepEqual(stack([{ path: 'a' }], [{ path: '.wh.none' }]), ['a file 644 0']);
  assert.deepEqual(stack([{ path: 'd/' }, { path: 'd/x' }], [{ path: '.wh.d' }, { path: 'd/y' }]), [
    'd directory 755 1!',
    'd/y file 644 1',
  ]);
});

test('an opaque directory keeps what its own layer gives, before or after the mark', () => {
  const lower = [{ path: 'd/' }, { path: 'd/old' }, { path: 'd/e/' }, { path: 'd/e/old' }, { path: 'keep' }];
  const upper = [
    { path: 'd/' },
    { path: 'd/e/' },
    { path: 'd/e/new' },
    { path: 'd/.wh..wh..opq' },
    { path: 'd/late' },
  ];
  assert.deepEqual(stack(lower, upper), [
    'd directory 755 1',
    'd/e directory 755 1',
    'd/e/new file 644 1',
    'd/late file 644 1',
    'keep file 644 0',
  ]);
});

test('a lower symlink is hidden by a directory; one of the same layer is followed inside the root', () => {
  assert.deepEqual(stack([{ path: 'usr/' }, { path: 'lib', linkTarget: 'usr' }], [{ path: 'lib/x' }]), [
    'lib directory 755 1!',
    'lib/x file 644 1',
    'usr directory 755 0',
  ]);
  for (const linkTarget of ['usr', '/usr', '../../usr', './usr/.']) {
    assert.deepEqual(stack([{ path: 'usr/' }, { path: 'lib', linkTarget }, { path: 'lib/x' }]), [
      `lib symlink 777 0 ${linkTarget}`,
      'usr directory 755 0',
      'usr/x file 644 0',
    ]);
  }
});

test('a file over a directory takes its whole subtree, and the other way round', () => {
  assert.deepEqual(stack([{ path: 'a/b/c' }], [{ path: 'a' }]), ['a file 644 1']);
  assert.deepEqual(stack([{ path: 'a' }], [{ path: 'a/b' }]), ['a directory 755 1!', 'a/b file 644 1']);
});

test('the header of a hard link sets the mode of what it links to, as docker and podman do', () => {
  assert.deepEqual(
    stack([
      { path: 'a', mode: 0o755 },
      { path: 'b', mode: 0o600, type: 'hardlink', linkTarget: 'a' },
    ]),
    ['a file 600 0', 'b file 600 0 =a'],
  );
});

test('hard links share what they link to, also through another link', () => {
  const files: FixtureFile[] = [
    { path: 'a', mode: 0o4755, content: 'abc' },
    { path: 'b', mode: 0o4755, type: 'hardlink', linkTarget: 'a' },
    { path: 'c', mode: 0o4755, type: 'hardlink', linkTarget: 'b' },
  ];
  assert.deepEqual(stack(files), ['a file 4755 0', 'b file 4755 0 =a', 'c file 4755 0 =a']);
  assert.deepEqual(stack(files, [{ path: '.wh.a' }]), ['b file 4755 0 =a', 'c file 4755 0 =a']);
});

for (const [what, layers, message] of [
  [
    'a hard link to nothing',
    [[{ path: 'b', type: 'hardlink', linkTarget: 'a' }]],
    /hard link b expects a before it/,
  ],
  [
    'a hard link into a lower layer',
    [[{ path: 'a' }], [{ path: 'b', type: 'hardlink', linkTarget: 'a' }]],
    /layer 1: hard link b expects a/,
  ],
  [
    'a hard link to a directory',
    [[{ path: 'a/' }, { path: 'b', type: 'hardlink', linkTarget: 'a' }]],
    /hard link b expects a/,
  ],
  [
    'a symlink loop as parent',
    [[{ path: 'a', linkTarget: 'b' }, { path: 'b', linkTarget: 'a' }, { path: 'a/x' }]],
    /goes through too many symlinks/,
  ],
  ['a file as parent', [[{ path: 'a' }, { path: 'a/x' }]], /has a parent that is a file/],
  ['a whiteout of nothing', [[{ path: '.wh.' }]], /is a whiteout without a name/],
  ['a whiteout of the parent', [[{ path: 'd/' }, { path: 'd/.wh...' }]], /is a whiteout without a name/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => stack(...layers),
      (error) => {
        assert.ok(isAppError(error, 'BAD_ARCHIVE'));
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('a few entries cannot make any number of directories', () => {
  const files = Array.from({ length: 40 }, (_, at) => ({ path: `${at}/${'a/'.repeat(1500)}x` }));
  assert.throws(
    () => new RootfsBuilder(50_000).apply(entriesOf(files)),
    (error) => isAppError(error, 'LIMIT'),
  );
});

test('what one layer alone lists in a folder is laid out when it is looked up', () => {
  const builder = new RootfsBuilder();
  const lower = entriesOf([
    { path: 'd/' },
    { path: 'd/a/' },
    { path: 'd/a/x' },
    { path: 'd/b/' },
    { path: 'd/b/y' },
    { path: 'e/' },
    { path: 'e/f/' },
    { path: 'e/f/z' },
  ]);
  builder.apply(lower);
  builder.apply(entriesOf([{ path: 'd/' }, { path: 'd/b/' }, { path: 'd/b/y' }, { path: 'd/.wh.a' }]));
  const names = [...namesBelow(builder.result())];
  assert.equal(names.length, builder.result().size);
  assert.deepEqual(
    names.map(([path, { foldedLayer }]) => (foldedLayer === undefined ? path : `${path} folded`)),
    ['d', 'd/b', 'd/b/y', 'e folded', 'e/f folded', 'e/f/z'],
  );
});

const NAMES = ['a', 'b', '.wh.a', '.wh.b', '.wh..wh..opq'];
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => names.map((name, at) => (at < names.length - 1 ? name.slice(-1) : name)).join('/'));
const file: fc.Arbitrary<FixtureFile> = fc.oneof(
  { weight: 4, arbitrary: path.map((path) => ({ path: `${path}/` })) },
  { weight: 4, arbitrary: path.map((path) => ({ path })) },
  { weight: 1, arbitrary: fc.tuple(path, path).map(([path, linkTarget]) => ({ path, linkTarget })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(path, path)
      .map(([path, linkTarget]): FixtureFile => ({ path, type: 'hardlink', linkTarget, mode: 0o600 })),
  },
);
/** Layers that often list folders before what is in them */
const layers = fc.array(
  fc.tuple(fc.array(file, { maxLength: 10 }), fc.boolean()).map(([files, isOrderly]) => {
    if (!isOrderly) return files;
    const folders = files.flatMap(({ path }) =>
      [...path.matchAll(/[/](?=.)/g)].map(({ index }) => path.slice(0, index)),
    );
    const whole = [...folders.map((path) => ({ path: `${path}/` })), ...files];
    return [...new Map(whole.map((item) => [item.path.replace(/[/]$/, ''), item])).values()];
  }),
  { maxLength: 3 },
);

test('folders that are folded hold what they would if they were not', () => {
  /** A file whose folder is not listed before it keeps all folders of its layer open. */
  const outcome = (stacked: readonly (readonly FixtureFile[])[], last: readonly FixtureFile[]) => {
    try {
      return stack(...stacked.map((files) => [...files, ...last])).filter((line) => !line.startsWith('z'));
    } catch (error) {
      if (!isAppError(error)) throw error;
      return error.message;
    }
  };
  fc.assert(
    fc.property(layers, (stacked) => {
      assert.deepEqual(
        outcome(stacked, [{ path: 'z/' }, { path: 'z/z' }]),
        outcome(stacked, [{ path: 'z/z' }]),
      );
    }),
    { numRuns: 2000 },
  );
});
