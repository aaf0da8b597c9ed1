import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { digestOf, hexOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { json } from '../app/harness.ts';
import { startFakeRegistry } from '../fake/registry.ts';
import { tempDir } from '../fixtures/temp.ts';
import { MAX_MS, measured } from './measure.ts';

/** Small indexes that stand for many images, or for much text: every command that reads images ends soon, and small. */
interface Bomb {
  readonly what: string;
  /** For those who need to know all that is in it; others look at the top alone */
  readonly isLimit?: boolean;
  /** Puts the indexes below; what index.json then lists, and a registry's tag names an index of */
  make(put: (index: object) => Descriptor): readonly Descriptor[];
}

/** The product itself takes 80 MiB; a limit is met before much is held. */
const MAX_PEAK_BYTES = 500 * 2 ** 20;

const times = (count: number, one: Descriptor): Descriptor[] => Array.from({ length: count }, () => one);
const index = (manifests: readonly Descriptor[]): object => ({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.index,
  manifests,
});
const image: Descriptor = { mediaType: MEDIA_TYPES.manifest, digest: digestOf('no image'), size: 8 };
const texts = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`key.${at}`, 'x']));

const BOMBS: readonly Bomb[] = [
  {
    what: 'two levels that mention each other a thousand times',
    isLimit: true,
    make: (put) => times(1000, put(index(times(1000, put(index(times(1000, image))))))),
  },
  {
    what: 'nested indexes',
    isLimit: true,
    make: (put) => {
      let inner = put(index([image]));
      for (let depth = 0; depth < 30; depth++) inner = put(index([inner]));
      return [inner];
    },
  },
  {
    what: 'an index of ten thousand images with fifty thousand annotations',
    make: (put) => [{ ...put(index(times(10_000, image))), annotations: texts(50_000) }],
  },
  {
    what: 'an image with fifty thousand annotations in an index that is mentioned often',
    make: (put) => times(1000, put(index([{ ...image, annotations: texts(50_000) }]))),
  },
];

function layoutOf(folder: string, bomb: Bomb): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const top = bomb.make((value) => {
    const bytes = Buffer.from(JSON.stringify(value));
    writeFileSync(join(folder, 'blobs/sha256', hexOf(digestOf(bytes))), bytes);
    return { mediaType: MEDIA_TYPES.index, digest: digestOf(bytes), size: bytes.length };
  });
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index(top)));
}

for (const bomb of BOMBS) {
  // A tar is read as a layout is.
  for (const place of bomb === BOMBS[0]
    ? (['layout', 'tar', 'registry'] as const)
    : (['layout', 'registry'] as const)) {
    test(`${bomb.what}: ${place}`, { timeout: MAX_MS }, async (t) => {
      const folder = tempDir(t);
      const registry = await startFakeRegistry(t);
      let from = join(folder, 'image');
      if (place === 'registry') {
        const put = (value: object): Descriptor => {
          const bytes = Buffer.from(JSON.stringify(value));
          const digest = digestOf(bytes);
          registry.manifests.set(`team/bomb ${digest}`, { mediaType: MEDIA_TYPES.index, bytes });
          registry.manifests.set('team/bomb 1', { mediaType: MEDIA_TYPES.index, bytes });
          return { mediaType: MEDIA_TYPES.index, digest, size: bytes.length };
        };
        put(index(bomb.make(put)));
        from = `${registry.host}/team/bomb:1`;
      } else layoutOf(from, bomb);
      if (place === 'tar') {
        execFileSync('tar', ['-C', from, '-cf', join(folder, 'image.tar'), '.']);
        from = join(folder, 'image.tar');
      }
      const to = `${registry.host}/team/copy:1`;
      const commands = [
        ['verify', from],
        ['diff', from, from],
        ['inspect', from],
        ['cp', from, to],
        ...(place === 'registry'
          ? [
              ['pull', from, '-o', join(folder, 'out.tar')],
              ['pull', from, '--format', 'oci-dir', '-o', join(folder, 'out')],
              ['artifact', 'pull', from, '-o', join(folder, 'files')],
            ]
          : [['push', from, to]]),
      ];
      // The others walk indexes by the same function.
      for (const words of bomb === BOMBS[0] ? commands : commands.slice(0, 3)) {
        const line = words.slice(0, 2).join(' ');
        const { ended, peakBytes, ms } = await measured([
          ...words,
          '--cache',
          join(folder, 'cache'),
          '--json',
        ]);
        if (ended.code !== 0) {
          const { error } = json<{ error: { code: string; message: string } }>(ended);
          assert.notEqual(error.code, 'BUG', `${line}: ${error.message}`);
          if (bomb.isLimit && /^(verify|diff) /.test(line)) assert.equal(error.code, 'LIMIT', error.message);
        }
        assert.ok(peakBytes < MAX_PEAK_BYTES, `${line}: ${(peakBytes / 2 ** 20).toFixed()} MiB`);
        assert.ok(ms < MAX_MS / 4, `${line}: ${ms.toFixed()} ms`);
      }
    });
  }
}
