import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { archiveLine, archiveRecord } from '../../../src/app/published-catalog/archive-record.ts';
import { chunked, recordsOf } from '../../../src/app/published-catalog/chunks.ts';
import { packageLine, packageRecord } from '../../../src/app/published-catalog/records.ts';
import { text } from '../../../src/app/published-catalog/strict-json.ts';
import type { ArchiveFacts } from '../../../src/model/archive.ts';
import { BLANK_PACKAGE } from '../../../src/model/blank-package.ts';
import { type DiffId, digestOf } from '../../../src/model/digest.ts';
import { FileEntries } from '../../../src/model/file-entries.ts';

const FACTS: ArchiveFacts = {
  distro: 'arch',
  digest: digestOf('a'),
  sizeBytes: 10,
  diffId: digestOf('b') as string as DiffId,
  uncompressedSizeBytes: 20,
  compression: 'xz',
  segments: [{ offset: 0, sizeBytes: 10, uncompressedOffset: 0, uncompressedSizeBytes: 20 }],
  layerProblem: undefined,
  identity: 'ab',
  name: 'x',
  version: '1:2-3',
  architecture: 'any',
  info: JSON.parse('{"pkgname":["x"],"__proto__":["y"]}'),
  scripts: [{ name: 'INSTALL', content: 'YQ==' }],
  rootMembers: { '.MTREE': '' },
  files: FileEntries.of([
    {
      path: 'usr/\udcff',
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      uname: 'root',
      gname: 'root',
      sizeBytes: 1,
      mtime: 1.5,
      linkTarget: '',
      sha256: '0'.repeat(64),
      offset: 512,
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: { 'security.capability': 'AQ==' },
      pax: [['mtime', 'MS41']],
    },
  ]),
  backupMd5: { 'etc/x': '0'.repeat(32) },
  linker: {
    libraries: {
      ['1'.repeat(64)]: { bits: 64, machine: 62, soname: null, libc6: true, osVersion: 0, isaLevel: 0 },
      ['2'.repeat(64)]: null,
    },
    generators: {},
  },
  signedBy: 'key',
};

/** Other bytes are another format: see FORMAT_VERSION in catalog-artifact.ts. */
test('the format of version 1', () => {
  const line = archiveLine({ facts: FACTS, trust: 'pinned' });
  assert.equal(
    JSON.stringify(JSON.parse(line).facts.files),
    String.raw`[["usr/\udcff","file",420,0,0,"root","root",1,1.5,"","${'0'.repeat(64)}",512,0,0,{"security.capability":"AQ=="},[["mtime","MS41"]]]]`,
  );
  assert.equal(digestOf(line), 'sha256:57693c644b3c80aa530f6684dbd24c8126ad4b269a091b03fe0f3acbc434cb98');
  assert.equal(
    packageLine({ ...BLANK_PACKAGE, name: 'x', version: '1', depends: ['y>2'] }),
    '["x","1","","","","","","",0,"",0,0,"","",["y>2"],[],[],[],[],[],0,0,"",{}]',
  );
});

test('what is written is read back', () => {
  const { linker: _, ...plain } = FACTS;
  for (const facts of [FACTS, plain]) {
    const line = archiveLine({ facts, trust: 'pinned' });
    assert.deepEqual(archiveRecord(JSON.parse(line), 'test'), { facts, trust: 'pinned' });
  }
  const entry = { ...BLANK_PACKAGE, name: 'x', version: '1', extra: { z: ['1'] } };
  assert.deepEqual(packageRecord(JSON.parse(packageLine(entry)), 'test'), entry);
});

const lines = fc.uniqueArray(fc.string({ maxLength: 12 }), { maxLength: 400 });

async function chunksOf(keys: readonly string[]): Promise<readonly string[]> {
  const chunks: string[] = [];
  for (const chunk of chunked(keys.map(lineOf), 8)) chunks.push((await chunk.bytes()).toString('base64'));
  return chunks;
}

const lineOf = (key: string) => ({ key, source: `of ${key}`, text: () => JSON.stringify(key) });

test('a chunk is known by the sources of its lines, before any is written', () => {
  const unwritten = (source: string) => ({ key: source, source, text: () => assert.fail('written') });
  const sourcesOf = (...sources: string[]) =>
    [...chunked(sources.map(unwritten), 1_000_000)].map((chunk) => [chunk.source, chunk.records]);
  assert.deepEqual(sourcesOf('a', 'b'), sourcesOf('a', 'b'));
  assert.equal(sourcesOf('a', 'b')[0]?.[1], 2);
  for (const other of [['b', 'a'], ['ab'], ['a', 'b', ''], ['a1 b']]) {
    assert.notDeepEqual(sourcesOf(...other), sourcesOf('a', 'b'), String(other));
  }
});

test('chunks hold all lines in order, and a line more changes one of them or divides it', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(), fc.string(), async (keys, place, more) => {
      const before = await chunksOf(keys);
      const read = before.flatMap((chunk) => [...recordsOf(Buffer.from(chunk, 'base64'), text, 'test')]);
      assert.deepEqual(read, keys);
      const after = await chunksOf(keys.toSpliced(place % (keys.length + 1), 0, more));
      assert.ok(after.filter((chunk) => !before.includes(chunk)).length <= 2);
    }),
    { numRuns: 40 },
  );
  const [chunk = ''] = await chunksOf(['a']);
  assert.equal(String(zstdDecompressSync(Buffer.from(chunk, 'base64'))), '"a"\n');
});
