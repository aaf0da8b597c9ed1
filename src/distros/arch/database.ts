import { decompress } from '../../archive/decompress.ts';
import { sniff } from '../../archive/sniff.ts';
import { type TarEntry, TarScanner } from '../../archive/tar-reader.ts';
import { AppError } from '../../model/app-error.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { RepositoryIndex } from '../../model/repository.ts';
import type { IndexInput } from '../distro.ts';
import type { FileLists, PackageFiles } from '../file-lists.ts';
import { unreadable } from '../shared/unreadable.ts';
import { type DescFields, readFields, toPackage } from './desc.ts';
import { acceptSignature } from './signature.ts';

/** The largest real `.files` database (extra) inflates to about 400 MiB. */
const MAX_UNCOMPRESSED_BYTES = 2 * 1024 ** 3;
/** File lists compress well: real databases stay below 30. */
const MAX_RATIO = 400;
/** The longest real `desc` is 60 KiB (a meta package's depends), the longest real `files` 9 MiB. */
const MAX_DESC_BYTES = 4 * 1024 ** 2;
const MAX_FILES_BYTES = 256 * 1024 ** 2;
/** All repositories that exist have about 150,000 packages together. */
const MAX_PACKAGES = 1_000_000;

/** A repository database (`.db` or `.files`), compressed in any way pacman's libarchive reads. */
export async function readDatabase(input: IndexInput): Promise<RepositoryIndex> {
  const { where } = input;
  const signedBy = await accept(input);
  const byDirectory = new Map<string, DescFields>();
  for await (const { directory, member, text } of members(input, (name) => name !== 'files')) {
    let fields = byDirectory.get(directory);
    if (fields === undefined) {
      if (byDirectory.size >= MAX_PACKAGES) {
        throw new AppError('LIMIT', `${where}: expected at most ${MAX_PACKAGES} packages`);
      }
      fields = new Map();
      byDirectory.set(directory, fields);
    }
    readFields(text, fields, `${where}: ${directory}/${member}`);
  }
  const packages: IndexPackage[] = [];
  for (const [directory, fields] of byDirectory) {
    const found = toPackage(fields, `${where}: ${directory}/desc`);
    if (directory !== `${found.name}-${found.version}`) {
      throw new AppError(
        'BAD_INDEX',
        `${where}: ${directory}/desc: expected the package ${directory}, got ${found.name}-${found.version}`,
      );
    }
    packages.push(found);
  }
  return { packages, description: '', signedBy };
}

/** The file lists of a `.files` database. */
export const fileLists: FileLists = {
  indexNames: ({ indexNames }) => indexNames.map((name) => name.replace(/\.db(?=$|\.tar)/, '.files')),
  read: async (input) => ({ signedBy: await accept(input), lists: readFileLists(input) }),
};

function accept({ bytes, policy, signature, where }: IndexInput): Promise<string> {
  return acceptSignature(bytes, { policy, level: policy.sigLevel.database, signature, where });
}

async function* readFileLists(input: Pick<IndexInput, 'bytes' | 'where'>): AsyncGenerator<PackageFiles> {
  for await (const { directory, text } of members(input, (name) => name === 'files')) {
    const parts = /^(.+)-([^-]+-[^-]+)$/.exec(directory);
    if (parts?.[1] === undefined || parts[2] === undefined) {
      throw new AppError(
        'BAD_INDEX',
        `${input.where}: expected a folder <name>-<version>-<release>, got ${JSON.stringify(directory)}`,
      );
    }
    const fields: DescFields = new Map();
    readFields(text, fields, `${input.where}: ${directory}/files`);
    yield { name: parts[1], version: parts[2], files: fields.get('FILES') ?? [] };
  }
}

interface Member {
  readonly directory: string;
  readonly member: string;
  readonly text: string;
}

/** Members `<directory>/<member>` of the database, read whole; `wanted` says which. */
async function* members(
  input: { readonly bytes: Uint8Array; readonly where: string },
  wanted: (member: string) => boolean,
): AsyncGenerator<Member> {
  const { bytes, where } = input;
  const magic = sniff(bytes.subarray(0, 1024));
  if (magic === 'unknown' || magic === 'apk3') {
    throw unreadable(magic, bytes.subarray(0, 1024), {
      where,
      what: 'a pacman database (a tar, plain or compressed with gzip, zstd, xz or bzip2)',
      code: 'BAD_INDEX',
      repack: 'Make the database again with repo-add, as NAME.db.tar.zst.',
      hint: 'a captive portal or an error page in place of the file?',
    });
  }
  const ready: Member[] = [];
  const seen = new Set<string>();
  let pieces: Buffer[] | undefined;
  const scanner = new TarScanner({
    entry(entry: TarEntry): void {
      pieces = undefined;
      const [directory = '', member = '', ...deeper] = entry.path.split('/');
      if (entry.type !== 'file' || member === '' || deeper.length > 0 || !wanted(member)) return;
      const limit = member === 'files' ? MAX_FILES_BYTES : MAX_DESC_BYTES;
      if (entry.sizeBytes > limit) {
        throw new AppError(
          'BAD_INDEX',
          `${where}: ${entry.path}: expected at most ${limit} bytes, got ${entry.sizeBytes}`,
        );
      }
      if (seen.has(entry.path)) {
        throw new AppError('BAD_INDEX', `${where}: expected one ${directory}/${member}, got a second one`);
      }
      seen.add(entry.path);
      pieces = [];
    },
    content(_entry: TarEntry, chunk: Buffer): void {
      pieces?.push(Buffer.from(chunk));
    },
    end(entry: TarEntry): void {
      if (pieces === undefined) return;
      const [directory = '', member = ''] = entry.path.split('/');
      ready.push({ directory, member, text: Buffer.concat(pieces).toString('utf8') });
      pieces = undefined;
    },
  });
  try {
    const limits = { maxUncompressedBytes: MAX_UNCOMPRESSED_BYTES, maxRatio: MAX_RATIO };
    for await (const chunk of decompress(once(bytes), magic, limits).chunks) {
      scanner.write(chunk.bytes);
      yield* ready.splice(0);
    }
    scanner.finish();
  } catch (error) {
    throw asBadIndex(error, where);
  }
  yield* ready.splice(0);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The same failure, told of the database: the tar reader and the decompressor know archives only. */
function asBadIndex(error: unknown, where: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'BAD_ARCHIVE') return error;
  const message = error.message.startsWith(where) ? error.message : `${where}: ${error.message}`;
  return new AppError('BAD_INDEX', message, { cause: error, details: error.details });
}
