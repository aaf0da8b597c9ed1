import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as pako from 'pako';
import tar from 'tar-stream';
import { encoder } from '../../src/archive/compress.ts';
import { decompress } from '../../src/archive/decompress.ts';
import type { TarEntry } from '../../src/archive/tar-entry.ts';
import { TarScanner } from '../../src/archive/tar-reader.ts';
import { packTar } from '../fixtures/pack-tar.ts';

/** Other people's readers and writers: what we write they must read, what they write we must read. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function inflate(bytes: Uint8Array, pieceBytes: number): Promise<{ content: Buffer; members: number }> {
  const { chunks, segments } = decompress(pieces(bytes, pieceBytes), 'gzip');
  const parts: Buffer[] = [];
  for await (const { bytes: part } of chunks) parts.push(Buffer.from(part));
  return { content: Buffer.concat(parts), members: segments.length };
}

const name = fc
  .array(fc.stringMatching(/^[a-zåλ0-9 _+-]{1,60}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));
const file = fc.record({
  path: name,
  content: fc.uint8Array({ maxLength: 1500 }),
  mode: fc.integer({ min: 1, max: 0o7777 }),
  mtime: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  uid: fc.integer({ min: 0, max: 0o777777 }),
});

describe('tar-stream', () => {
  test('reads what we write', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 5 }), async (files) => {
        const bytes = packTar(
          files.map((one) => ({ ...one, type: 'file', gid: 7, sizeBytes: one.content.length })),
        );
        const read: unknown[] = [];
        const extract = tar.extract();
        extract.end(bytes);
        for await (const entry of extract) {
          const content: Buffer[] = [];
          for await (const chunk of entry) content.push(chunk as Buffer);
          const { header } = entry;
          read.push([
            header.name,
            header.mode,
            header.uid,
            header.gid,
            header.mtime?.getTime(),
            Buffer.concat(content).toString('hex'),
          ]);
        }
        assert.deepEqual(
          read,
          files.map((one) => [
            one.path,
            one.mode,
            one.uid,
            7,
            one.mtime * 1000,
            Buffer.from(one.content).toString('hex'),
          ]),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('writes what we read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { maxLength: 5 }),
        fc.integer({ min: 1, max: 2000 }),
        async (files, pieceBytes) => {
          const pack = tar.pack();
          for (const { path, content, mode, mtime, uid } of files) {
            pack.entry(
              { name: path, mode, uid, gid: 7, mtime: new Date(mtime * 1000) },
              Buffer.from(content),
            );
          }
          pack.finalize();
          const parts: Buffer[] = [];
          for await (const part of pack) parts.push(part as Buffer);
          const read: [TarEntry, Buffer][] = [];
          const scanner = new TarScanner({
            entry: (entry) => read.push([entry, Buffer.alloc(0)]),
            content: (_, chunk) => {
              const last = read[read.length - 1] as [TarEntry, Buffer];
              last[1] = Buffer.concat([last[1], chunk]);
            },
          });
          for await (const piece of pieces(Buffer.concat(parts), pieceBytes))
            scanner.write(Buffer.from(piece));
          scanner.finish();
          assert.deepEqual(
            read.map(([entry, content]) => [
              entry.path,
              entry.mode,
              entry.uid,
              entry.mtime,
              content.toString('hex'),
            ]),
            files.map((one) => [
              one.path,
              one.mode,
              one.uid,
              one.mtime,
              Buffer.from(one.content).toString('hex'),
            ]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('pako', () => {
  test('inflates what we deflate, and we its members, wherever the input is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 500 }),
        async (contents, pieceBytes) => {
          for (const content of contents) {
            const packed = await buffer(Readable.from([Buffer.from(content)]).pipe(encoder('gzip')));
            assert.deepEqual(Buffer.from(pako.ungzip(packed)), Buffer.from(content));
          }
          const { content, members } = await inflate(
            Buffer.concat(contents.map((one) => pako.gzip(one))),
            pieceBytes,
          );
          assert.equal(members, contents.length);
          assert.deepEqual(content, Buffer.concat(contents));
        },
      ),
      { numRuns: 60 },
    );
  });
});
