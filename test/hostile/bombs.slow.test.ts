import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import type { ErrorCode } from '../../src/model/app-error.ts';
import { contents, json } from '../app/harness.ts';
import { tarEntries } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';
import { MAX_MS, measured } from './measure.ts';
import { globalHeader, hostileRepository, rawEntry, type Tar } from './packages.ts';

/** Small archives that stand for much: what compose holds in memory, and how long it looks at them, has an end. */
interface Bomb {
  readonly what: string;
  tar(): Tar;
  /** undefined: it is composed */
  readonly refused?: { readonly code: ErrorCode; readonly message: RegExp };
}

/** The largest real package, 200,000 files, takes 600 MiB. */
const MAX_PEAK_BYTES = 1.5 * 2 ** 30;
/** Real gzip and zstd archives of the bombs; none is larger. */
const MAX_ARCHIVE_BYTES = 8 * 2 ** 20;

const USR = tarEntries([{ path: 'usr/' }, { path: 'usr/f', content: 'x' }]);
const TEXT = /^expected at most 134217728 bytes of paths, link targets and pax records, got more$/;
const RATIO = /^(?:gzip|zstd) archive: expected at most \d+ bytes for each compressed one, got \d+ from \d+$/;

function* pieces(count: number, entry: (at: number) => Buffer): Generator<Buffer> {
  const size = 10_000;
  yield USR;
  for (let from = 0; from < count; from += size)
    yield Buffer.concat(Array.from({ length: Math.min(size, count - from) }, (_, at) => entry(from + at)));
}

const BOMBS: readonly Bomb[] = [
  {
    what: 'more than a million entries',
    tar: () => {
      const [, entries = USR] = pieces(10_000, (at) => rawEntry(`usr/n${at}`, '0'));
      return Array.from({ length: 111 }, () => entries);
    },
    refused: {
      code: 'LIMIT',
      message: /^tar header at byte \d+: expected at most 1100000 entries, got more$/,
    },
  },
  {
    what: 'a hundred thousand hard links to one file, each of another mode',
    tar: () =>
      pieces(100_000, (at) =>
        rawEntry(`usr/l${at}`, '1', {
          link: 'usr/f',
          patch: (block) => void block.write(`0000${(at % 512).toString(8).padStart(3, '0')}\0`, 100),
        }),
      ),
  },
  {
    what: 'pax records of 1 MB before each of a thousand entries',
    tar: () => {
      const entry = rawEntry('usr/s', '0', { pax: [['comment', 'x'.repeat(1_000_000)]] });
      return Array.from({ length: 1000 }, () => entry);
    },
    refused: { code: 'LIMIT', message: new RegExp(`${TEXT.source}|${RATIO.source}`) },
  },
  {
    what: 'a global pax record of 1 MB for a hundred thousand entries',
    tar: function* () {
      yield globalHeader('comment', Buffer.alloc(1_000_000, 'x'));
      yield* pieces(100_000, (at) => rawEntry(`usr/e${at}`, '0'));
    },
    refused: { code: 'LIMIT', message: TEXT },
  },
  {
    what: 'paths of two thousand folders',
    tar: () =>
      pieces(400, (at) => rawEntry('x', '0', { pax: [['path', `usr/r${at}/${'a/'.repeat(2000)}x`]] })),
    refused: { code: 'LIMIT', message: TEXT },
  },
  {
    what: 'one file of zeros',
    tar: function* () {
      yield rawEntry('usr/zeros', '0', { size: 512 * 2 ** 20, content: Buffer.alloc(0) });
      const zeros = Buffer.alloc(32 * 2 ** 20);
      for (let at = 0; at < 16; at++) yield zeros;
    },
    refused: { code: 'LIMIT', message: RATIO },
  },
];

for (const distro of ['alpine', 'arch'] as const) {
  for (const { what, tar, refused } of BOMBS) {
    test(`${distro}: ${what}`, { timeout: MAX_MS }, async (t) => {
      const folder = tempDir(t);
      const repository = hostileRepository(distro, folder, tar());
      assert.ok(repository.sizeBytes < MAX_ARCHIVE_BYTES, `${repository.sizeBytes}`);
      const cache = join(folder, 'cache');
      const { ended, peakBytes } = await measured([
        ...['bad', '--distro', distro, '--arch', 'x86_64', '--repo', repository.folder],
        ...['--allow-untrusted', '--cache', cache, '-o', join(folder, 'out.tar'), '--json'],
      ]);
      if (peakBytes > 0) assert.ok(peakBytes < MAX_PEAK_BYTES, `${(peakBytes / 2 ** 20).toFixed()} MiB`);
      if (refused === undefined) {
        assert.equal(ended.code, 0, ended.stdout);
        return;
      }
      const { error } = json<{ error: { code: string; message: string } }>(ended);
      assert.equal(error.code, refused.code, error.message);
      assert.equal(ended.code, EXIT_CODES[refused.code]);
      const [line = ''] = error.message.split('\n');
      assert.ok(line.startsWith(`${repository.archive}: `), line);
      assert.match(line.slice(repository.archive.length + 2), refused.message);
      assert.deepEqual([contents(cache).ingest, contents(cache).partial], [[], []]);
    });
  }
}
