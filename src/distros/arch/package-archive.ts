import { createHash } from 'node:crypto';
import { decompress } from '../../archive/decompress.ts';
import { sniff, startsWithSkippableFrame } from '../../archive/sniff.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { ArchiveFacts, ArchiveSegment, Compression, LinkerFacts } from '../../model/archive.ts';
import type { Digest } from '../../model/digest.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { ArchiveInput, UnverifiedInput } from '../inputs.ts';
import { type FileList, FileListCollector, isRootDotFile } from '../shared/file-list.ts';
import { located } from '../shared/located.ts';
import { infoList, infoWord, parsePkgInfo } from '../shared/pkginfo.ts';
import { unreadable } from '../shared/unreadable.ts';
import { backupSums } from './backup-sums.ts';
import { ByteChannel, ByteTap } from './byte-tap.ts';
import { isKeptFile } from './kept-files.ts';
import { LinkerScan } from './ldconfig/linker-scan.ts';
import { levelOf } from './pacman-trust.ts';
import { isUnpacked, LISTED_PATHS, listedPaths, terminated, UNSLASHED_FOLDERS } from './paths.ts';
import { acceptSignature, needsData, type SignatureCheck } from './signature.ts';

/** The largest real packages (game data, toolchains) inflate to about 20 GB. */
const MAX_UNCOMPRESSED_BYTES = 256 * 1024 ** 3;
/** zstd reaches some 20,000 on zeros; a real package stays below 200. */
const MAX_RATIO = 20_000;
/** An ArchiveFacts.layerProblem: pzstd writes such a frame, but containers/image recognises only the magic of a zstd frame. */
const SKIPPABLE_FRAME = 'a skippable frame before the first zstd frame';
/** Enough to recognise a plain tar by its first block. */
const HEAD_BYTES = 1024;

/**
 * Reads and verifies a `.pkg.tar`, plain or compressed with zstd, xz, gzip or bzip2, in one pass over the bytes; memory does not
 * depend on the archive's size.
 * @throws AppError BAD_ARCHIVE, INTEGRITY, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED, LIMIT
 */
export function readPackageArchive(input: ArchiveInput): Promise<ArchiveFacts> {
  return readAndCheck(input, signatureCheck(input));
}

/**
 * Reads an archive as readPackageArchive does, but without verifying signatures: `signedBy` is empty.
 * @throws AppError BAD_ARCHIVE, INTEGRITY, UNSUPPORTED, LIMIT
 */
export function readUnverified(input: UnverifiedInput): Promise<ArchiveFacts> {
  return readAndCheck(input, undefined);
}

async function readAndCheck(
  input: UnverifiedInput,
  signing: SignatureCheck | undefined,
): Promise<ArchiveFacts> {
  const { where, expected } = input;
  const channel = signing !== undefined && needsData(signing) ? new ByteChannel() : undefined;
  const verification =
    signing === undefined ? Promise.resolve('') : acceptSignature(channel ?? new Uint8Array(), signing);
  // Awaited at the end; until then, a rejection must not count as unhandled and must not block the bytes.
  verification.catch(() => channel?.abandon());

  const whole = createHash('sha256');
  let sizeBytes = 0;
  const tap = new ByteTap(input.chunks, (chunk) => {
    whole.update(chunk);
    sizeBytes += chunk.length;
    checkNotLarger(sizeBytes, expected, where);
    return channel?.push(chunk);
  });
  try {
    const content = await readContent(tap, input).catch((error: unknown) => ({ error }));
    if ('error' in content) {
      // A damaged download first looks like a damaged archive; the digest tells them apart.
      if (expected === undefined || !isAppError(content.error, 'BAD_ARCHIVE')) throw content.error;
      await tap.drain();
    }
    channel?.end();
    const sha256 = whole.digest('hex');
    checkIntegrity({ sizeBytes, sha256 }, expected, where);
    if ('error' in content) throw content.error;
    const facts = await factsOf(content, { sizeBytes, sha256 }, where);
    checkIdentity(facts, expected, where);
    return { ...facts, signedBy: await verification };
  } finally {
    channel?.end();
    await tap.close();
    await verification.catch(() => undefined);
  }
}

/** Returns the signature to check: the index's, which pacman prefers, else the `.sig` file. */
function signatureCheck({ policy, expected, signature, where }: ArchiveInput): SignatureCheck {
  const listed = expected?.signature ?? '';
  return {
    policy,
    level: levelOf(policy).package,
    signature: listed === '' ? signature : Buffer.from(listed, 'base64'),
    where,
  };
}

interface Content {
  readonly compression: Compression;
  readonly segments: readonly ArchiveSegment[];
  readonly list: FileList;
  readonly linker: LinkerFacts;
  /** Folders that the tar names without a slash */
  readonly unslashed: readonly string[];
}

async function readContent(tap: ByteTap, { where, like }: UnverifiedInput): Promise<Content> {
  const head = await tap.peek(HEAD_BYTES);
  const compression = sniff(head);
  if (compression === 'apk3') {
    throw new AppError('UNSUPPORTED', `${where}: expected an Arch package, got an Alpine package of apk 3`);
  }
  if (compression === 'unknown') {
    const what = 'an Arch package (a tar, plain or compressed with zstd, xz, gzip or bzip2)';
    const repack = 'Recompress the tar with zstd, as makepkg does with PKGEXT=.pkg.tar.zst.';
    throw unreadable(compression, head, { where, what, code: 'BAD_ARCHIVE', repack });
  }
  let hasBackup: boolean | undefined;
  const linker = new LinkerScan();
  const unslashed: string[] = [];
  const collector = new FileListCollector({
    where,
    ...(like === undefined ? {} : { like }),
    entry({ type, path, rawPath }) {
      if (type === 'directory' && !rawPath.endsWith('/')) unslashed.push(path);
    },
    scan: (path, sizeBytes) => linker.file(path, sizeBytes),
    keep: ({ path, sizeBytes }) => isRootDotFile(path) || isKeptFile(path, sizeBytes),
    hashMd5: (path, kept) => {
      if (isRootDotFile(path)) return false;
      // makepkg puts .PKGINFO first; until it is seen, any file may be one that it names as `backup`.
      const pkginfo = kept.get('.PKGINFO');
      if (pkginfo === undefined) return true;
      hasBackup ??= infoList(parsePkgInfo(pkginfo, where), 'backup').length > 0;
      return hasBackup;
    },
  });
  try {
    const limits = { maxUncompressedBytes: MAX_UNCOMPRESSED_BYTES, maxRatio: MAX_RATIO };
    const decompressed = decompress(tap, compression, limits);
    for await (const { bytes, segment } of decompressed.chunks) collector.write(bytes, segment);
    const list = collector.finish();
    const layerProblem = list.layerProblem ?? (startsWithSkippableFrame(head) ? SKIPPABLE_FRAME : undefined);
    return {
      compression,
      segments: decompressed.segments,
      list: { ...list, layerProblem },
      linker: linker.facts(),
      unslashed,
    };
  } catch (error) {
    throw located(error, where);
  }
}

interface Measured {
  readonly sizeBytes: number;
  readonly sha256: string;
}

async function factsOf(
  content: Content,
  { sizeBytes, sha256 }: Measured,
  where: string,
): Promise<Omit<ArchiveFacts, 'signedBy'>> {
  const { compression, segments, list, linker } = content;
  const pkginfo = list.contents.get('.PKGINFO');
  if (pkginfo === undefined) {
    throw new AppError('BAD_ARCHIVE', `${where}: expected a .PKGINFO as every Arch package has, got none`, {
      hint: 'Check that this is a package.',
    });
  }
  const info = parsePkgInfo(pkginfo, where);
  const install = list.contents.get('.INSTALL');
  const rootMembers: Record<string, string> = {};
  for (const [path, bytes] of list.contents) {
    if (path !== '.INSTALL') rootMembers[path] = bytes.toString('base64');
  }
  const mtree = list.contents.get('.MTREE');
  const listed = mtree === undefined ? undefined : await listedPaths(mtree, list.files);
  if (listed !== undefined) rootMembers[LISTED_PATHS] = listed;
  if (content.unslashed.length > 0) rootMembers[UNSLASHED_FOLDERS] = terminated(content.unslashed);
  const facts = {
    distro: 'arch' as const,
    digest: `sha256:${sha256}` as Digest,
    sizeBytes,
    diffId: list.diffId,
    uncompressedSizeBytes: list.uncompressedSizeBytes,
    compression,
    segments,
    layerProblem: list.layerProblem,
    identity: sha256,
    name: infoWord(info, 'pkgname', where),
    version: infoWord(info, 'pkgver', where),
    architecture: infoWord(info, 'arch', where),
    info,
    scripts: install === undefined ? [] : [{ name: 'INSTALL', content: install.toString('base64') }],
    rootMembers,
    files: list.files,
    linker,
  };
  const backup = new Set(infoList(info, 'backup'));
  const unpacked = backup.size === 0 ? [] : list.files.filter((entry) => isUnpacked(facts, entry));
  return { ...facts, backupMd5: backupSums(unpacked, backup, list.md5) };
}

function checkNotLarger(sizeBytes: number, expected: IndexPackage | undefined, where: string): void {
  if (expected === undefined || expected.sizeBytes === 0 || sizeBytes <= expected.sizeBytes) return;
  throw mismatch(where, 'bytes', `${expected.sizeBytes}`, `more than that`);
}

function checkIntegrity(measured: Measured, expected: IndexPackage | undefined, where: string): void {
  if (expected === undefined) return;
  if (expected.sizeBytes !== 0 && measured.sizeBytes !== expected.sizeBytes) {
    throw mismatch(where, 'bytes', `${expected.sizeBytes}`, `${measured.sizeBytes}`);
  }
  if (expected.checksum !== '' && measured.sha256 !== expected.checksum) {
    throw mismatch(where, 'SHA-256', expected.checksum, measured.sha256);
  }
}

function checkIdentity(
  facts: { readonly name: string; readonly version: string },
  expected: IndexPackage | undefined,
  where: string,
): void {
  if (expected === undefined) return;
  if (facts.name === expected.name && facts.version === expected.version) return;
  throw mismatch(where, 'package', `${expected.name}-${expected.version}`, `${facts.name}-${facts.version}`);
}

function mismatch(where: string, what: string, expected: string, got: string): AppError {
  return new AppError(
    'INTEGRITY',
    `${where}: differs from the index: ${what}: expected ${expected}, got ${got}`,
    {
      hint: 'Run `compose index` and try again: the mirror may be out of sync with its index.',
      details: { where, expected, got },
    },
  );
}
