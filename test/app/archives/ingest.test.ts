import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGzip } from 'node:zlib';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import type { ErrorCode } from '../../../src/model/app-error.ts';
import type { IngestReport } from '../../../src/model/request.ts';
import { startMirror } from '../../fake/mirror.ts';
import { type ApkSpec, gzipMember, makeApk, makeApkMembers } from '../../fixtures/apk.ts';
import { makeArchPackage } from '../../fixtures/arch.ts';
import { writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { END_OF_ARCHIVE, headerBlock, padded, paxRecord, tarEntries } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, contents, folder, json, KEY, small } from '../harness.ts';

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
async function tooManyEntries(): Promise<Buffer> {
  const blocks = Buffer.concat(Array.from({ length: 10_000 }, () => header('usr/f', '0', 0)));
  const gzip = createGzip({ level: 1 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((done) => gzip.on('end', done));
  for (let block = 0; block < 111; block++)
    if (!gzip.write(blocks)) await new Promise((go) => gzip.once('drain', go));
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
  { what: '1,110,000 entries', bytes: tooManyEntries, code: 'LIMIT', message: /1,?100,?000/ },
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
