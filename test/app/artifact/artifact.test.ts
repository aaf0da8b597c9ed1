import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readSource } from '../../../src/app/artifact/source.ts';
import { parseArtifactLocation } from '../../../src/app/artifact/url.ts';
import { type ErrorCode, isAppError } from '../../../src/model/app-error.ts';
import { digestOf, hexOf } from '../../../src/model/digest.ts';
import { fullName } from '../../../src/model/reference.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { collect, noise } from '../../registry/harness.ts';
import { type Artifacts, folderLayer, startArtifacts, TITLE } from './artifact-harness.ts';

async function refused(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, message);
    return true;
  });
}

const HEX = 'a'.repeat(64);

describe('where a file is', () => {
  const cases: readonly (readonly [text: string, reference: string, file: string | undefined])[] = [
    ['oras://reg.example/a/b:1/f.txt', 'reg.example/a/b:1', 'f.txt'],
    ['ORAS://reg.example:5000/b:1/sub/f:2.txt', 'reg.example:5000/b:1', 'sub/f:2.txt'],
    [`oras://localhost:5000/b@sha256:${HEX}/f`, `localhost:5000/b@sha256:${HEX}`, 'f'],
    [`reg.example/b:1@sha256:${HEX}`, `reg.example/b:1@sha256:${HEX}`, undefined],
    ['oras://reg.example/b:1', 'reg.example/b:1', undefined],
    ['oras://reg.example/b:1/', 'reg.example/b:1', undefined],
    ['oras://reg.example:5000/a/b', 'reg.example:5000/a/b:latest', undefined],
    ['[::1]:5000/b:1/pkg-1:2.0-1.zst', '[::1]:5000/b:1', 'pkg-1:2.0-1.zst'],
    ['team/tool:1/f', 'docker.io/team/tool:1', 'f'],
  ];
  for (const [text, reference, file] of cases) {
    test(text, () => {
      const found = parseArtifactLocation(text);
      assert.equal(fullName(found.reference), reference);
      assert.equal(found.file, file);
    });
  }

  for (const text of [
    'oras://',
    'oras:///b:1/f',
    'oras://reg.example/B:1/f',
    `reg.example/b@sha256:12/f`,
    '',
  ]) {
    test(`not ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseArtifactLocation(text),
        (error) => isAppError(error, 'USAGE'),
      );
    });
  }

  test('a password in it is refused, not repeated', () => {
    assert.throws(
      () => parseArtifactLocation('oras://me:secret@reg.example/b:1/f'),
      (error) =>
        isAppError(error, 'USAGE') && !`${error.message}${JSON.stringify(error.details)}`.includes('secret'),
    );
  });
});

/** Files below the working folder, as a user names them. */
async function inFolder<T>(
  t: { after(fn: () => void): void },
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = tempDir(t);
  return work(relative(process.cwd(), folder));
}

describe('push', () => {
  test('the manifest is the one that oras writes', async (t) => {
    const { push, registry, name } = await startArtifacts(t, { env: { SOURCE_DATE_EPOCH: '86400' } });
    const folder = tempDir(t);
    mkdirSync(join(folder, 'dir'));
    writeFileSync(join(folder, 'dir/x'), 'x');
    writeFileSync(join(folder, 'hi.txt'), 'hello\n');
    const done = await push({
      files: [`${folder}/hi.txt:text/plain`, join(folder, 'dir')],
      annotations: { a: 'b' },
    });
    const { bytes } = registry.manifests.get('dist/hello 1')!;
    const [archive] = [...registry.blobs.values()].filter((blob) => blob[0] === 0x1f);
    assert.ok(archive);
    assert.equal(digestOf(bytes), done.digest);
    assert.deepEqual(JSON.parse(bytes.toString()), {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.unknown.artifact.v1',
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
        data: 'e30=',
      },
      layers: [
        {
          mediaType: 'text/plain',
          digest: 'sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
          size: 6,
          annotations: { [TITLE]: 'hi.txt' },
        },
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: digestOf(archive),
          size: archive.length,
          annotations: {
            'io.deis.oras.content.digest': digestOf(gunzipSync(archive)),
            'io.deis.oras.content.unpack': 'true',
            [TITLE]: 'dir',
          },
        },
      ],
      annotations: { 'org.opencontainers.image.created': '1970-01-02T00:00:00Z', a: 'b' },
    });
    assert.equal(done.reference, `${name}:1`);
    assert.deepEqual(
      done.files.map(({ title, isFolder }) => [title, isFolder]),
      [
        ['hi.txt', false],
        ['dir', true],
      ],
    );
  });

  test('the same files are the same artifact, which is not sent again', async (t) => {
    const { push, registry } = await startArtifacts(t);
    const folder = tempDir(t);
    writeFileSync(join(folder, 'f'), 'content');
    utimesSync(join(folder, 'f'), 1_600_000_000, 1_600_000_000);
    const first = await push({ files: [join(folder, 'f')] });
    const before = registry.requests.length;
    const second = await push({ files: [join(folder, 'f')] });
    assert.equal(first.changed, true);
    assert.deepEqual([second.changed, second.digest, second.sentBytes], [false, first.digest, 0]);
    assert.equal(registry.requests.length - before, 1);
    const { annotations } = JSON.parse(registry.manifests.get('dist/hello 1')!.bytes.toString());
    assert.equal(annotations['org.opencontainers.image.created'], '2020-09-13T12:26:40Z');
  });

  test('file, media type and title of an argument', async (t) => {
    const { push } = await startArtifacts(t);
    await inFolder(t, async (folder) => {
      const here = relative('.', folder);
      for (const name of ['plain', 'pkg-1:2.0-1.zst', 'a:b', 'a']) writeFileSync(join(here, name), name);
      const pushed = async (file: string) => {
        const [{ title, mediaType } = { title: '', mediaType: '' }] = (await push({ files: [file] })).files;
        return [title, mediaType.replace('application/vnd.oci.image.layer.v1.', '')];
      };
      // Outside of the working folder the name alone is left.
      assert.deepEqual(await pushed(`${here}/plain`), ['plain', 'tar']);
      assert.deepEqual(await pushed(`${here}/plain:`), ['plain', 'tar']);
      assert.deepEqual(await pushed(`${here}/plain:a/b+c`), ['plain', 'a/b+c']);
      assert.deepEqual(await pushed(`${here}/pkg-1:2.0-1.zst`), ['pkg-1:2.0-1.zst', 'tar']);
      assert.deepEqual(await pushed(`${here}/pkg-1:2.0-1.zst:x/y`), ['pkg-1:2.0-1.zst', 'x/y']);
      assert.deepEqual(await pushed(`${here}/a:b`), ['a:b', 'tar']);
      assert.deepEqual(await pushed(`./package.json`), ['package.json', 'tar']);
      assert.deepEqual(await pushed(`test/fixtures/../fixtures/go//go.mod`), [
        'test/fixtures/go/go.mod',
        'tar',
      ]);
      await refused(push({ files: [`${here}/a:no type`] }), 'USAGE', /expected a media type/);
      await refused(push({ files: [`${here}/none:x/y`] }), 'NOT_FOUND', /none:x\/y: no such file/);
      await refused(push({ files: ['/dev/null'] }), 'UNSUPPORTED', /a file or a folder/);
      await refused(push({ files: ['/'] }), 'USAGE', /with a name/);
      await refused(
        push({ files: [`${here}/a`, './package.json', `${here}/../${basename(here)}/a`] }),
        'CONFLICT',
        /saved as a/,
      );
    });
  });

  test('what cannot be meant is refused before anything is sent', async (t) => {
    const { push, name, registry } = await startArtifacts(t);
    const files = ['package.json'];
    await refused(push({ files, artifactType: 'thing' }), 'USAGE', /--artifact-type/);
    await refused(push({ files, reference: `${name}@sha256:${HEX}` }), 'USAGE', /without a digest/);
    await refused(push({ files, subject: 'other.example/a:1' }), 'USAGE', /--subject: expected something in/);
    assert.equal(registry.requests.length, 0);
    await refused(
      push({ files, subject: `${name}:none`, reference: name }),
      'NOT_FOUND',
      /nothing can be attached/,
    );
  });

  test('what changes while it is pushed, or cannot be read, is said', async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'dir'));
    for (const name of ['file', 'dir/file']) {
      writeFileSync(join(folder, name), 'x');
      const source = await readSource(join(folder, name.replace('/file', '')), undefined);
      assert.equal((await collect(source.open(0))).length, source.descriptor.size);
      assert.deepEqual(await collect(source.open(1)), (await collect(source.open(0))).subarray(1));
      writeFileSync(join(folder, name), 'something longer');
      await refused(collect(source.open(0)), 'STORAGE', /changed during the push/);
    }
    await refused(
      readSource('/proc/self/mem', undefined),
      'STORAGE',
      /cannot read \/proc\/self\/mem: input\/output error/,
    );
  });

  for (const referrers of [true, false]) {
    test(`attached to another one ${referrers ? 'where the registry keeps referrers' : 'by the fallback tag'}`, async (t) => {
      const { push, name, registry } = await startArtifacts(t, { switches: { referrers } });
      const { digest } = await push({ files: ['package.json'] });
      const request = { reference: name, subject: `${name}:1`, files: ['LICENSE'], artifactType: 'a/sbom' };
      const attached = await push(request);
      assert.equal(attached.subject, digest);
      assert.equal(attached.reference, `${name}@${attached.digest}`);
      const fallback = `dist/hello ${digest.replace(':', '-')}`;
      const listed = () => JSON.parse(registry.manifests.get(fallback)!.bytes.toString()).manifests;
      if (!referrers) {
        assert.deepEqual(
          listed().map((one: { digest: string; artifactType: string }) => [one.digest, one.artifactType]),
          [[attached.digest, 'a/sbom']],
        );
        // As when an earlier push was cut before it could list itself.
        registry.manifests.delete(fallback);
        assert.equal((await push(request)).changed, false);
        assert.equal(listed().length, 1);
      } else assert.equal(registry.manifests.has(fallback), false);
      assert.equal((await push({ ...request, reference: `${name}:sbom` })).reference, `${name}:sbom`);
    });
  }
});

describe('pull', () => {
  async function example(t: Parameters<typeof startArtifacts>[0]): Promise<Artifacts> {
    const artifacts = await startArtifacts(t);
    artifacts.manifest([
      { bytes: Buffer.from('hello'), title: 'hi.txt' },
      folderLayer('dir', [
        { path: 'dir', type: 'directory', mode: 0o755 },
        { path: 'dir/sub/x', content: Buffer.from('x') },
      ]),
      { bytes: Buffer.from('no name') },
      { bytes: Buffer.from('deep'), title: './deep//er/file' },
    ]);
    return artifacts;
  }

  test('files, folders and what has no name', async (t) => {
    const { pull, folder } = await example(t);
    const done = await pull({ output: `${folder}/new/out` });
    assert.deepEqual(
      done.files.map(({ title, path, state }) => [title, relative(folder, path), state]),
      [
        ['hi.txt', 'new/out/hi.txt', 'saved'],
        ['dir', 'new/out/dir', 'unpacked'],
        ['./deep//er/file', 'new/out/deep/er/file', 'saved'],
      ],
    );
    assert.deepEqual(done.unnamed, [digestOf('no name')]);
    assert.equal(done.artifactType, 'application/vnd.test');
    assert.equal(readFileSync(`${folder}/new/out/dir/sub/x`, 'utf8'), 'x');
    assert.equal(readFileSync(`${folder}/new/out/deep/er/file`, 'utf8'), 'deep');
    assert.deepEqual(readdirSync(`${folder}/new/out`).sort(), ['deep', 'dir', 'hi.txt'], 'nothing is left');
    assert.equal(statSync(`${folder}/new/out/hi.txt`).mode & 0o777, 0o666 & ~process.umask());
  });

  test('again: the files that are there are not fetched, others are replaced', async (t) => {
    const { pull, folder, registry } = await example(t);
    await pull();
    writeFileSync(join(folder, 'deep/er/file'), 'mine');
    registry.requests.length = 0;
    const states = (await pull()).files.map(({ state }) => state);
    assert.deepEqual(states, ['there', 'unpacked', 'saved']);
    assert.equal(readFileSync(join(folder, 'deep/er/file'), 'utf8'), 'deep');
    writeFileSync(join(folder, 'deep/er/file'), 'mine');
    await refused(pull({ keepOldFiles: true }), 'CONFLICT', /already exists/);
    assert.equal(readFileSync(join(folder, 'deep/er/file'), 'utf8'), 'mine');
  });

  test('one title: into a folder, or under another name', async (t) => {
    const { pull, folder } = await example(t);
    const one = async (title: string, output: string, more = {}) =>
      (await pull({ titles: [title], output, ...more })).files.map(({ path }) => relative(folder, path));
    mkdirSync(join(folder, 'there'));
    assert.deepEqual(await one('hi.txt', `${folder}/other`), ['other']);
    assert.deepEqual(await one('hi.txt', `${folder}/there`), ['there/hi.txt']);
    assert.deepEqual(await one('hi.txt', `${folder}/made/`), ['made/hi.txt']);
    assert.deepEqual(await one('dir', `${folder}/renamed`), ['renamed']);
    assert.equal(readFileSync(`${folder}/renamed/sub/x`, 'utf8'), 'x');
    assert.deepEqual(await one('dir', `${folder}/there`, { unpack: false }), ['there/dir.tar.gz']);
    assert.deepEqual(await one('dir', `${folder}/d.tgz`, { unpack: false }), ['d.tgz']);
    await refused(pull({ titles: ['hi.txt', 'ho'] }), 'NOT_FOUND', /no file "ho"; it holds: "hi.txt", "dir"/);
  });

  test('a folder without a name becomes the folder that is named', async (t) => {
    const { pull, push, folder } = await startArtifacts(t);
    const from = tempDir(t);
    writeFileSync(join(from, 'a'), 'a');
    const before = process.cwd();
    t.after(() => process.chdir(before));
    process.chdir(from);
    assert.equal((await push({ files: ['.'] })).files[0]?.title, '.');
    process.chdir(before);
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    await pull({ output: join(folder, 'link') });
    assert.deepEqual(readdirSync(join(folder, 'real')), ['a'], 'a link that the user names is followed');
    assert.equal((await pull({ unpack: false })).files[0]?.path, join(folder, 'hello.tar.gz'));
  });

  test('devices and pipes are left out, and said', async (t) => {
    const { manifest, pull, notes } = await startArtifacts(t);
    manifest([folderLayer('d', [{ path: 'd/pipe', type: 'fifo' }])]);
    await pull();
    assert.match(notes.join(), /1 devices and pipes skipped/);
  });
});

describe('fetch', () => {
  const bytes = noise(700_000);

  async function example(t: Parameters<typeof startArtifacts>[0]): Promise<Artifacts> {
    const artifacts = await startArtifacts(t);
    artifacts.manifest([
      { bytes, title: 'big' },
      { bytes: Buffer.from('s'), title: 'sub/small one' },
    ]);
    return artifacts;
  }
  const partOf = (name: string): string => `.${name}.${hexOf(digestOf(bytes)).slice(0, 12)}.part`;

  test('by title, by digest; the names that it gets', async (t) => {
    const { fetch, name, folder, manifest } = await example(t);
    const path = async (location: string, output = folder) => {
      const done = await fetch(location, { output });
      assert.equal(readFileSync(done.path).length, done.sizeBytes);
      return relative(folder, done.path);
    };
    assert.equal(await path(`oras://${name}:1/big`), 'big');
    assert.equal(await path(`oras://${name}:1/big`, join(folder, 'other')), 'other');
    assert.equal(await path(`${name}:1/sub/small one`), 'small one');
    assert.equal(await path(`oras://${name}:1/sub/small%20one`, join(folder, 'x')), 'x');
    const digest = digestOf(bytes);
    assert.equal(await path(`${name}@${digest}`), `sha256-${hexOf(digest)}`);
    assert.equal(await path(`${name}@${digest}/called.so`), 'called.so');
    await refused(fetch(`${name}:1`), 'USAGE', /expected an artifact of one file, got 2/);
    await refused(fetch(`${name}:1/none`), 'NOT_FOUND', /no file "none"; it holds: "big", "sub\/small one"/);
    await refused(fetch(`${name}@sha256:${HEX}`), 'NOT_FOUND', /404/);
    await refused(fetch(`${name}:2/big`), 'NOT_FOUND', /404/);
    const single = manifest([{ bytes: Buffer.from('1'), title: 'only' }]);
    assert.equal(await path(`${name}:1`), 'only');
    assert.equal(await path(`${name}@${single}/only`), 'only');
  });

  test('what is there already is not fetched; another file is replaced, of a link the one that it leads to', async (t) => {
    const { fetch, name, folder, registry } = await example(t);
    const target = join(folder, 'f');
    const output = target;
    symlinkSync('elsewhere', target);
    assert.equal((await fetch(`${name}:1/big`, { output })).state, 'saved');
    assert.ok(lstatSync(target).isSymbolicLink());
    assert.deepEqual(readFileSync(join(folder, 'elsewhere')), bytes);
    registry.requests.length = 0;
    assert.equal((await fetch(`${name}:1/big`, { output })).state, 'there');
    assert.equal(registry.requests.filter(({ url }) => url.includes('/blobs/')).length, 0);
    chmodSync(target, 0o600);
    writeFileSync(target, Buffer.alloc(bytes.length));
    await refused(fetch(`${name}:1/big`, { output, keepOldFiles: true }), 'CONFLICT', /already exists/);
    assert.equal((await fetch(`${name}:1/big`, { output })).state, 'saved');
    assert.deepEqual(readFileSync(target), bytes);
    assert.ok(lstatSync(target).isSymbolicLink());
    assert.deepEqual(readdirSync(folder).sort(), ['elsewhere', 'f']);
  });

  test('devices and pipes take the bytes, behind links too; places that are no files are refused', async (t) => {
    const { fetch, name, folder } = await example(t);
    assert.equal((await fetch(`${name}:1/big`, { output: '/dev/null' })).state, 'saved');
    assert.ok(lstatSync('/dev/null').isCharacterDevice());
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    symlinkSync('pipe', join(folder, 'to-pipe'));
    const read = readFile(pipe);
    assert.equal((await fetch(`${name}:1/big`, { output: join(folder, 'to-pipe') })).state, 'saved');
    assert.deepEqual(await read, bytes);
    assert.ok(lstatSync(pipe).isFIFO() && lstatSync(join(folder, 'to-pipe')).isSymbolicLink());
    await refused(
      fetch(`${name}:1/big`, { output: join(folder, 'no/such/f') }),
      'STORAGE',
      /no such file or folder/,
    );
    symlinkSync('/etc/passwd', join(folder, partOf('f')));
    await refused(fetch(`${name}:1/big`, { output: join(folder, 'f') }), 'STORAGE', /ELOOP|symbolic/);
  });

  test('goes on where an earlier one was cut', async (t) => {
    const { fetch, name, folder, registry } = await example(t);
    writeFileSync(join(folder, partOf('f')), bytes.subarray(0, 500_000));
    const done = await fetch(`${name}:1/big`, { output: join(folder, 'f') });
    assert.equal(done.resumedBytes, 500_000);
    assert.deepEqual(readFileSync(join(folder, 'f')), bytes);
    assert.deepEqual(
      registry.requests
        .filter(({ url, method }) => method === 'GET' && url.includes('/blobs/'))
        .map(({ headers }) => headers.range),
      ['bytes=500000-699999'],
    );
    // All of it was there, only its name was not.
    writeFileSync(join(folder, partOf('g')), bytes);
    assert.equal((await fetch(`${name}:1/big`, { output: join(folder, 'g') })).resumedBytes, bytes.length);
    assert.deepEqual(readdirSync(folder).sort(), ['f', 'g']);
  });

  for (const [what, there] of [
    ['something else', noise(500_000, 'else')],
    ['too much', noise(800_000)],
    ['something else of the same size', noise(700_000, 'else')],
  ] as const) {
    test(`begins anew where ${what} is there`, async (t) => {
      const { fetch, name, folder } = await example(t);
      writeFileSync(join(folder, partOf('f')), there);
      const done = await fetch(`${name}:1/big`, { output: join(folder, 'f') });
      assert.equal(done.resumedBytes, 0);
      assert.deepEqual(readFileSync(join(folder, 'f')), bytes);
      assert.deepEqual(readdirSync(folder), ['f']);
    });
  }

  test('a part of another user, or of two names, is not gone on with: it could still change', async (t) => {
    const { fetch, name, folder } = await example(t);
    const changes = [(part: string) => linkSync(part, join(folder, 'second name'))];
    if (process.getuid?.() === 0) changes.push((part) => chownSync(part, 65_534, 65_534));
    else t.diagnostic('skipped: root alone gives files away');
    for (const change of changes) {
      writeFileSync(join(folder, partOf('f')), bytes.subarray(0, 500_000));
      change(join(folder, partOf('f')));
      const done = await fetch(`${name}:1/big`, { output: join(folder, 'f') });
      assert.equal(done.resumedBytes, 0);
      assert.equal(statSync(done.path).uid, process.geteuid?.());
      assert.equal(statSync(done.path).nlink, 1);
      rmSync(done.path);
    }
  });

  test('several at once fetch it one time', async (t) => {
    const { fetch, name, folder, registry } = await example(t);
    const output = join(folder, 'f');
    const done = await Promise.all([1, 2, 3].map(() => fetch(`${name}:1/big`, { output })));
    assert.deepEqual(done.map(({ state }) => state).sort(), ['saved', 'there', 'there']);
    assert.equal(
      registry.requests.filter(({ url, method }) => method === 'GET' && url.includes('/blobs/')).length,
      1,
    );
    assert.deepEqual(readdirSync(folder), ['f']);
  });

  test('an empty file, and a name as long as names can be', async (t) => {
    const { fetch, name, folder, manifest } = await startArtifacts(t);
    const title = 'ü'.repeat(127);
    manifest([{ bytes: Buffer.alloc(0), title }]);
    const done = await fetch(`${name}:1`);
    assert.deepEqual([readdirSync(folder), done.sizeBytes, done.state], [[title], 0, 'saved']);
  });
});
