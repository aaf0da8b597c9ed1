import { decompress } from '../../archive/decompress.ts';
import { sniff } from '../../archive/sniff.ts';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { TarScanner } from '../../archive/tar-reader.ts';
import { AppError } from '../../model/app-error.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { RepositoryIndex } from '../../model/repository.ts';
import type { FileLists, PackageFiles } from '../file-lists.ts';
import type { IndexInput } from '../inputs.ts';
import { unreadable } from '../shared/unreadable.ts';
import { type DescFields, type DescName, readFields, toPackage } from './desc.ts';
import { levelOf } from './pacman-trust.ts';
import { acceptSignature } from './signature.ts';

/** The largest real `.files` database (extra) inflates to about 400 MiB. */
const MAX_UNCOMPRESSED_BYTES = 2 * 1024 ** 3;
/** File lists compress well; real databases stay below 30. */
const MAX_RATIO = 400;
/** The longest real `desc` is 60 KiB (a meta package's depends), the longest real `files` 9 MiB. */
const MAX_DESC_BYTES = 4 * 1024 ** 2;
const MAX_FILES_BYTES = 256 * 1024 ** 2;
/** Members with a package's fields; `depends` dates from before pacman 4.1. */
const DESCRIPTIONS: readonly string[] = ['desc', 'depends'];
/** All existing repositories together have about 150,000 packages. */
const MAX_PACKAGES = 1_000_000;

/**
 * Reads and verifies a repository database (`.db` or `.files`), plain or compressed with gzip, zstd, xz or bzip2.
 * @throws AppError BAD_INDEX, LIMIT, SIGNATURE, UNSUPPORTED, UNTRUSTED_KEY
 */
export async function readDatabase(input: IndexInput): Promise<RepositoryIndex> {
  const { where } = input;
  const signedBy = await accept(input);
  const byDirectory = new Map<string, DescFields>();
  for await (const { directory, text } of members(input, (name) => DESCRIPTIONS.includes(name))) {
    let fields = byDirectory.get(directory);
    if (fields === undefined) {
      if (byDirectory.size >= MAX_PACKAGES) {
        throw new AppError('LIMIT', `${where}: expected at most ${MAX_PACKAGES} packages`);
      }
      fields = new Map();
      byDirectory.set(directory, fields);
    }
    readFields(text, fields);
  }
  const packages: IndexPackage[] = [];
  for (const [directory, fields] of byDirectory) {
    packages.push(toPackage(parseFolderName(directory, where), fields, `${where}: ${directory}/desc`));
  }
  return { packages: oneChunk(packages), description: () => '', signedBy };
}

/** Reader of `.files` databases. */
export const fileLists: FileLists = {
  indexNames: ({ indexNames }) => indexNames.map((name) => name.replace(/\.db(?=$|\.tar)/, '.files')),
  read: async (input) => ({ signedBy: await accept(input), lists: readFileLists(input) }),
};

function accept({ bytes, policy, signature, where }: IndexInput): Promise<string> {
  return acceptSignature(bytes, { policy, level: levelOf(policy).database, signature, where });
}

async function* readFileLists(input: Pick<IndexInput, 'bytes' | 'where'>): AsyncGenerator<PackageFiles> {
  for await (const { directory, text } of members(input, (name) => name === 'files')) {
    const { name, version } = parseFolderName(directory, input.where);
    const fields: DescFields = new Map();
    readFields(text, fields);
    yield { name, version, files: fields.get('FILES') ?? [] };
  }
}

/**
 * Splits a folder's name into name and version. @throws AppError BAD_INDEX when it has another form, for which pacman refuses the
 * database (be_sync.c load_pkg_for_entry)
 */
function parseFolderName(directory: string, where: string): DescName {
  const [, name, version] = /^(.+)-([^-]+-[^-]+)$/s.exec(directory) ?? [];
  if (name !== undefined && version !== undefined) return { name, version };
  throw new AppError(
    'BAD_INDEX',
    `${where}: expected folders <name>-<version>-<release>, got ${JSON.stringify(directory.slice(0, 80))}`,
  );
}

interface Member {
  readonly directory: string;
  readonly text: string;
}

/** Yields the members `<directory>/<member>` of the database that `wanted` accepts, each as a whole. */
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
      repack: 'Create the database again with repo-add, as NAME.db.tar.zst.',
      hint: 'Check the URL: the server may have sent a captive portal or error page instead of the file.',
    });
  }
  const ready: Member[] = [];
  /** Folders whose file list has been read */
  const seen = new Set<string>();
  let pieces: Buffer[] | undefined;
  const scanner = new TarScanner({
    entry(entry: TarEntry): void {
      pieces = undefined;
      const [directory = '', member = '', ...deeper] = entry.path.split('/');
      if (entry.type === 'directory') return;
      parseFolderName(directory, where);
      if (entry.type !== 'file' || deeper.length > 0 || !wanted(member)) return;
      const limit = member === 'files' ? MAX_FILES_BYTES : MAX_DESC_BYTES;
      if (entry.sizeBytes > limit) {
        throw new AppError(
          'BAD_INDEX',
          `${where}: ${entry.path}: expected at most ${limit} bytes, got ${entry.sizeBytes}`,
        );
      }
      if (member === 'files' && seen.has(directory)) {
        throw new AppError('BAD_INDEX', `${where}: expected one ${directory}/${member}, got a second one`);
      }
      if (member === 'files') seen.add(directory);
      pieces = [];
    },
    content(_entry: TarEntry, chunk: Buffer): void {
      pieces?.push(Buffer.from(chunk));
    },
    end(entry: TarEntry): void {
      if (pieces === undefined) return;
      const [directory = ''] = entry.path.split('/');
      ready.push({ directory, text: Buffer.concat(pieces).toString('utf8') });
      pieces = undefined;
    },
  });
  try {
    const limits = { maxUncompressedBytes: MAX_UNCOMPRESSED_BYTES, maxRatio: MAX_RATIO };
    for await (const chunk of decompress(oneChunk(bytes), magic, limits).chunks) {
      scanner.write(chunk.bytes);
      yield* ready.splice(0);
    }
    scanner.finish();
  } catch (error) {
    throw asBadIndex(error, where);
  }
  yield* ready.splice(0);
}

/** Turns BAD_ARCHIVE, which the tar reader and the decompressor throw, into BAD_INDEX. */
function asBadIndex(error: unknown, where: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'BAD_ARCHIVE') return error;
  const message = error.message.startsWith(where) ? error.message : `${where}: ${error.message}`;
  return new AppError('BAD_INDEX', message, { cause: error, details: error.details });
}
