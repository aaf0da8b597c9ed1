import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import type { ErrorCode } from '../../src/model/app-error.ts';
import type { IngestReport } from '../../src/model/request.ts';
import { startMirror } from '../fake/mirror.ts';
import {
  type ApkSpec,
  apkIdentity,
  apkIndexBlock,
  gzipMember,
  makeApk,
  makeApkIndexOf,
  makeApkMembers,
} from '../fixtures/apk.ts';
import { archFileName, makeArchDb, makeArchPackage } from '../fixtures/arch.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { END_OF_ARCHIVE, headerBlock, padded, paxRecord, tarEntries } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';
import { cli, composed, contents, folder, index, json, KEY, refused, small } from './harness.ts';

/** An apk whose data member is these bytes of tar, control and datahash in order. */
function apkOfTar(tar: Uint8Array, spec: Partial<ApkSpec> = {}): Buffer {
  const data = gzipMember(tar);
  const datahash = createHash('sha256').update(data).digest('hex');
  const { control } = makeApkMembers({ name: 'bad', version: '1.0-r0', datahash, ...spec });
  return Buffer.concat([control, data]);
}

const apkOf = (files: Parameters<typeof tarEntries>[0]): Buffer =>
  apkOfTar(Buffer.concat([tarEntries(files), END_OF_ARCHIVE]));

function header(name: string, flag: string, sizeBytes: number): Buffer {
  const common = { mode: 0o644, uid: 0, gid: 0, mtime: 0, uname: '', gname: '', device: undefined };
  return headerBlock({ ...common, name: Buffer.from(name), flag, sizeBytes, link: Buffer.alloc(0) });
}

/** More empty entries than any package may have; one block of tar repeated compresses to nothing. */
async function millionEntries(): Promise<Buffer> {
  const blocks = Buffer.concat(Array.from({ length: 10_000 }, () => header('usr/f', '0', 0)));
  const gzip = createGzip({ level: 1 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((done) => gzip.on('end', done));
  for (let at = 0; at < 101; at++) if (!gzip.write(blocks)) await new Promise((go) => gzip.once('drain', go));
  gzip.end(END_OF_ARCHIVE);
  await ended;
  const data = Buffer.concat(chunks);
  const datahash = createHash('sha256').update(data).digest('hex');
  const { control } = makeApkMembers({ name: 'bad', version: '1.0-r0', datahash });
  return Buffer.concat([control, data]);
}

function corrupted(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0xff;
  return copy;
}

const GOOD = makeApk(small('bad', { files: [{ path: 'usr/big', content: Buffer.alloc(60_000, 'text ') }] }));
const CONTROL_BYTES = makeApkMembers(
  small('bad', { files: [{ path: 'usr/big', content: Buffer.alloc(60_000, 'text ') }] }),
).control.length;

interface WorstInput {
  readonly what: string;
  readonly bytes: () => Buffer | Promise<Buffer>;
  readonly name?: string;
  readonly code: ErrorCode;
  /** The whole message behind the path */
  readonly message: string | RegExp;
}

const WORST: readonly WorstInput[] = [
  {
    what: 'a truncated apk',
    bytes: () => GOOD.subarray(0, GOOD.length - 30),
    code: 'BAD_ARCHIVE',
    message: /gzip .*(truncated|ends|cut)/,
  },
  {
    what: 'corrupt gzip',
    bytes: () => corrupted(GOOD, CONTROL_BYTES + 40),
    code: 'BAD_ARCHIVE',
    message: /gzip archive at byte \d+: /,
  },
  {
    what: 'an empty file',
    bytes: () => Buffer.alloc(0),
    code: 'BAD_ARCHIVE',
    message: 'expected an apk package (gzip members), got an empty file',
  },
  {
    what: 'error page',
    bytes: () => Buffer.from('<html>404 Not Found</html>'),
    code: 'BAD_ARCHIVE',
    message: 'expected an apk package (gzip members), got a web page (3c68746d6c3e3430)',
  },
  {
    what: 'a gzip bomb',
    bytes: () =>
      apkOfTar(
        Buffer.concat([
          header('usr/zeros', '0', 512 * 1024 * 1024),
          Buffer.alloc(512 * 1024 * 1024),
          END_OF_ARCHIVE,
        ]),
      ),
    code: 'LIMIT',
    message: /expected .*(ratio|times|: 1|most)/,
  },
  {
    what: 'a path that climbs',
    bytes: () => apkOf([{ path: 'usr/../../etc/passwd', content: 'x' }]),
    code: 'BAD_ARCHIVE',
    message: /usr\/\.\.\/\.\.\/etc\/passwd/,
  },
  {
    what: 'an absolute path',
    bytes: () => apkOf([{ path: '/etc/passwd', content: 'x' }]),
    code: 'BAD_ARCHIVE',
    message: /"?\/etc\/passwd/,
  },
  {
    what: 'a hard link to the outside',
    bytes: () => apkOf([{ path: 'usr/passwd', type: 'hardlink', linkTarget: '../../etc/shadow' }]),
    code: 'BAD_ARCHIVE',
    message: /\.\.\/\.\.\/etc\/shadow/,
  },
  { what: 'a million entries', bytes: millionEntries, code: 'LIMIT', message: /1,?000,?000/ },
  {
    what: 'a huge pax header',
    bytes: () =>
      apkOfTar(
        Buffer.concat([
          header('PaxHeaders/x', 'x', 2_000_000),
          padded(paxRecord('comment', Buffer.alloc(1_999_980, 'x'))),
          header('usr/x', '0', 0),
          END_OF_ARCHIVE,
        ]),
      ),
    code: 'LIMIT',
    message: /1048576|1 MiB/,
  },
  {
    what: 'apk 3',
    bytes: () => Buffer.concat([Buffer.from('ADBd'), Buffer.alloc(600)]),
    code: 'UNSUPPORTED',
    message: "a package in apk 3's ADB format, which is not a tar and cannot be used as a layer",
  },
  {
    what: 'a wrong datahash',
    bytes: () => makeApk(small('bad', { datahash: '0'.repeat(64) })),
    code: 'INTEGRITY',
    message: /the data member differs from \.PKGINFO's datahash: expected 0{64}, got [0-9a-f]{64}$/,
  },
  {
    what: 'no datahash',
    bytes: () => makeApk(small('bad', { datahash: '' })),
    code: 'INTEGRITY',
    message: /expected a datahash, got [0-9a-f]{64}$/,
  },
  {
    what: 'a signature member that smuggles files',
    bytes: () =>
      Buffer.concat([
        gzipMember(
          tarEntries([
            { path: '.SIGN.RSA.x.rsa.pub', content: 'x' },
            { path: 'etc/evil', content: 'x' },
          ]),
        ),
        makeApk(small('bad')),
      ]),
    code: 'BAD_ARCHIVE',
    message: 'expected a .PKGINFO member, got none: not an apk package',
  },
  {
    what: 'a name that climbs',
    bytes: () => makeApk(small('../../x')),
    code: 'BAD_ARCHIVE',
    message: /\.\.\/\.\.\/x/,
  },
  {
    what: 'a folder where Arch expects .PKGINFO',
    name: 'bad-1-1-x86_64.pkg.tar.zst',
    bytes: () => makeArchPackage({ name: 'bad', version: '1-1', noInfo: true }),
    code: 'BAD_ARCHIVE',
    message: /expected a \.PKGINFO as every Arch package has, got none$/,
  },
  {
    what: 'an Arch package cut short',
    name: 'bad-1-1-x86_64.pkg.tar.zst',
    bytes: () => {
      const all = makeArchPackage({
        name: 'bad',
        version: '1-1',
        files: [{ path: 'usr/x', content: 'x'.repeat(9999) }],
      });
      return all.subarray(0, all.length - 9);
    },
    code: 'BAD_ARCHIVE',
    message: /zstd/,
  },
  {
    what: 'an Arch package of the wrong magic',
    name: 'bad-1-1-x86_64.pkg.tar.zst',
    bytes: () => Buffer.from('not a package'),
    code: 'BAD_ARCHIVE',
    message:
      'expected an Arch package (a tar, plain or compressed with zstd, xz, gzip or bzip2), got something else (6e6f742061207061)',
  },
];

for (const { what, bytes, name = 'bad-1.0-r0.apk', code, message } of WORST) {
  test(`ingest refuses ${what} with ${code}, and nothing of it stays`, async (t) => {
    const dir = tempDir(t);
    const cache = join(dir, 'cache');
    const path = join(dir, name);
    writeFileSync(path, await bytes());
    const ended = await cli(['ingest', path, '--allow-untrusted', '--cache', cache, '--json']);
    assert.equal(ended.code, EXIT_CODES[code], ended.stdout);
    const { error } = json<{ error: { code: string; message: string } }>(ended);
    assert.equal(error.code, code);
    assert.ok(error.message.startsWith(`${path}: `), error.message);
    const rest = error.message.slice(path.length + 2);
    if (typeof message === 'string') assert.equal(rest, message);
    else assert.match(rest, message);
    assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
    assert.deepEqual(json(await cli(['cache', 'ls', '--cache', cache, '--json'])), []);
  });
}

test('a refused archive does not stop the others; the message names each refusal; a second run adds nothing', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const all = folder(dir, 'all');
  writeFileSync(join(all, 'a-1.0-r0.apk'), makeApk(small('a', { key: KEY })));
  writeFileSync(join(all, 'b-1.0-r0.apk'), makeApk(small('b')));
  writeFileSync(join(all, 'c-1.0-r0.apk'), GOOD.subarray(0, 300));
  writeFileSync(join(all, 'notes.txt'), 'not a package');
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const ended = await cli(['ingest', all, '--keyring', keyring, '--cache', cache]);
  assert.ok([EXIT_CODES.SIGNATURE, EXIT_CODES.BAD_ARCHIVE].includes(ended.code as number), ended.stderr);
  for (const name of ['b-1.0-r0.apk', 'c-1.0-r0.apk'])
    assert.ok(ended.stderr.includes(join(all, name)), ended.stderr);
  assert.equal(contents(cache).blobs.length, 1);
  assert.deepEqual(contents(cache).ingest, []);
  const again = await cli([
    'ingest',
    join(all, 'a-1.0-r0.apk'),
    '--keyring',
    keyring,
    '--cache',
    cache,
    '--json',
  ]);
  assert.equal(json<readonly IngestReport[]>(again)[0]?.added, false);
});

test('ingest of a URL: taken, and refused without a trace; what is not there and what is no archive are said', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const root = folder(dir, 'www');
  writeFileSync(join(root, 'a-1.0-r0.apk'), makeApk(small('a', { key: KEY })));
  writeFileSync(join(root, 'bad-1.0-r0.apk'), makeApk(small('bad', { datahash: '1'.repeat(64), key: KEY })));
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  const run = (input: string) => cli(['ingest', input, '--keyring', keyring, '--cache', cache, '--json']);
  const taken = json<readonly IngestReport[]>(await run(`${mirror.url}/a-1.0-r0.apk`));
  assert.equal(taken[0]?.signedBy, KEY.name);
  const before = contents(cache);
  assert.equal((await run(`${mirror.url}/bad-1.0-r0.apk`)).code, EXIT_CODES.INTEGRITY);
  assert.equal((await run(`${mirror.url}/none-1.0-r0.apk`)).code, EXIT_CODES.NOT_FOUND);
  assert.equal((await run(`${mirror.url}/index.html`)).code, EXIT_CODES.UNSUPPORTED);
  assert.equal((await run(join(dir, 'nowhere.apk'))).code, EXIT_CODES.NOT_FOUND);
  assert.equal((await run(folder(dir, 'empty'))).code, EXIT_CODES.NOT_FOUND);
  assert.deepEqual(contents(cache), before);
  assert.deepEqual(before.partial, []);
});

const MISMATCHES: readonly [
  what: string,
  change: (block: string) => string,
  code: ErrorCode,
  pattern: RegExp,
][] = [
  ['another size', (block) => block.replace(/^S:\d+/m, 'S:9999'), 'INTEGRITY', /expected 9999, got \d+/],
  [
    'another checksum',
    (block) => block.replace(/^C:.*/m, `C:${apkIdentity(small('other'))}`),
    'INTEGRITY',
    /checksum \(C:\) differs from the index: expected Q1\S+, got Q1/,
  ],
  [
    'another version',
    (block) => block.replace(/^V:.*/m, 'V:2.0-r0'),
    'INTEGRITY',
    /version differs from the index: expected 2\.0-r0, got 1\.0-r0/,
  ],
  [
    'another name',
    (block) => block.replace(/^P:.*/m, 'P:b'),
    'INTEGRITY',
    /name differs from the index: expected b, got a/,
  ],
];

for (const [what, change, code, pattern] of MISMATCHES) {
  test(`an archive of which the signed index says ${what} is refused; nothing of it stays`, async (t) => {
    const dir = tempDir(t);
    const cache = join(dir, 'cache');
    const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
    const spec = small('a', { key: KEY });
    const bytes = makeApk(spec);
    const block = change(apkIndexBlock(spec, apkIdentity(spec), bytes.length));
    const fileName = `${/^P:(.*)/m.exec(block)?.[1]}-${/^V:(.*)/m.exec(block)?.[1]}.apk`;
    const repo = folder(dir, 'repo');
    writeFileSync(join(repo, 'APKINDEX.tar.gz'), makeApkIndexOf(`${block}\n`, { key: KEY }));
    writeFileSync(join(repo, fileName), bytes);
    const name = fileName.split('-')[0] as string;
    const error = await refused(composed(cache, [name], { repositories: [repo], keyring }), code, pattern);
    assert.ok(error.message.startsWith(join(repo, fileName)), error.message);
    assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
  });
}

test('an Arch archive of another SHA-256 or size than its database says is refused', async (t) => {
  const dir = tempDir(t);
  const spec = { name: 'bash', version: '5.2-1', files: [{ path: 'usr/' }] };
  const bytes = makeArchPackage(spec);
  const fileName = archFileName(spec);
  const repo = folder(dir, 'core');
  writeFileSync(join(repo, 'core.db'), makeArchDb([{ spec, bytes, fileName }]));
  const from = { distro: 'arch', repositories: [repo], sigLevel: 'Never' } as const;
  writeFileSync(join(repo, fileName), makeArchPackage({ ...spec, description: 'another' }));
  await refused(composed(join(dir, 'c1'), ['bash'], from), 'INTEGRITY', fileName, /expected .*, got /);
  writeFileSync(join(repo, fileName), Buffer.concat([bytes, bytes]));
  await refused(composed(join(dir, 'c2'), ['bash'], from), 'INTEGRITY', fileName, `expected ${bytes.length}`);
  writeFileSync(join(repo, fileName), bytes);
  await composed(join(dir, 'c3'), ['bash'], from);
});

test('a file name that climbs out of the repository is never fetched', async (t) => {
  const dir = tempDir(t);
  const repo = folder(dir, 'repo');
  const block = apkIndexBlock({ name: '../../x', version: '1.0-r0' }, apkIdentity(small('x')), 10);
  writeFileSync(join(repo, 'APKINDEX.tar.gz'), makeApkIndexOf(`${block}\n`));
  const from = { repositories: [repo], allowUntrusted: true };
  await index(join(dir, 'cache'), from);
  await refused(
    composed(join(dir, 'cache'), ['../../x'], from),
    'UNSATISFIABLE',
    '../../x-1.0-r0',
    'file name',
  );
  const arch = folder(dir, 'core');
  const spec = { name: 'x', version: '1-1' };
  writeFileSync(
    join(arch, 'core.db'),
    makeArchDb([{ spec, bytes: makeArchPackage(spec), fileName: '../../x.pkg.tar.zst' }]),
  );
  const result = index(join(dir, 'cache'), { distro: 'arch', repositories: [arch] });
  await refused(result, 'BAD_INDEX', '../../x', 'FILENAME');
});

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

test('a catalog that is garbage, a cache that is a file, a recipe that is no YAML: what, where, way out', async (t) => {
  const dir = tempDir(t);
  const garbage = folder(dir, 'garbage');
  writeFileSync(
    join(garbage, 'catalog.sqlite'),
    'this is not a database, it is a text that is long enough to be looked at'.repeat(99),
  );
  const catalog = await cli(['plan', 'a', '--repo', dir, '--cache', garbage]);
  assert.equal(catalog.code, EXIT_CODES.CATALOG, catalog.stderr);
  assert.ok(
    catalog.stderr.includes(join(garbage, 'catalog.sqlite')) &&
      catalog.stderr.includes('hint: Move the file away'),
    catalog.stderr,
  );
  const file = join(dir, 'file');
  writeFileSync(file, '');
  for (const cache of [file, join(file, 'below')]) {
    const ended = await cli(['plan', 'a', '--repo', dir, '--cache', cache]);
    assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
    assert.ok(
      ended.stderr.includes(cache) && /hint: .*(--cache|PKGCOMPOSE_CACHE)/.test(ended.stderr),
      ended.stderr,
    );
  }
  const recipe = join(dir, 'recipe.yaml');
  writeFileSync(recipe, 'packages: [a\ntags: {');
  const ended = await cli(['build', recipe, '--cache', join(dir, 'cache')]);
  assert.equal(ended.code, EXIT_CODES.USAGE, ended.stderr);
  assert.match(ended.stderr, new RegExp(`${recipe}:\\d+`));
});

test('an index bomb is refused before it fills the memory', async (t) => {
  const dir = tempDir(t);
  const repo = folder(dir, 'repo');
  const bomb = gzipSync(
    Buffer.concat([
      header('APKINDEX', '0', 64 * 1024 * 1024),
      Buffer.alloc(64 * 1024 * 1024),
      END_OF_ARCHIVE,
    ]),
  );
  assert.equal(gunzipSync(bomb).length, 64 * 1024 * 1024 + 1536);
  writeFileSync(join(repo, 'APKINDEX.tar.gz'), bomb);
  await refused(
    index(join(dir, 'cache'), { repositories: [repo], allowUntrusted: true }),
    'LIMIT',
    repo,
    /200/,
  );
});

test('a cache folder that cannot be written is STORAGE, not a bug', async (t) => {
  const dir = tempDir(t);
  const cache = folder(dir, 'cache');
  mkdirSync(join(cache, 'blobs'));
  writeFileSync(join(cache, 'blobs/sha256'), 'a file in the way');
  const repo = writeAlpineMirror(dir, { packages: [small('a')] });
  const ended = await cli([
    'a',
    '--arch',
    'x86_64',
    '--repo',
    repo,
    '--allow-untrusted',
    '--cache',
    cache,
    '-o',
    join(dir, 'o.tar'),
  ]);
  assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
  assert.ok(ended.stderr.includes(join(cache, 'blobs/sha256')), ended.stderr);
  assert.ok(!existsSync(join(dir, 'o.tar')));
});
