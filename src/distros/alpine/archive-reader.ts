import { createHash } from 'node:crypto';
import { decompress } from '../../archive/decompress.ts';
import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts, ArchiveSegment, PackageScript, ReadFacts } from '../../model/archive.ts';
import type { Digest } from '../../model/digest.ts';
import type { ArchiveInput, UnverifiedInput } from '../inputs.ts';
import { type FileList, FileListCollector, isRootDotFile } from '../shared/file-list.ts';
import { located } from '../shared/located.ts';
import { infoValue, infoWord, parsePkgInfo } from '../shared/pkginfo.ts';
import { matchDataHash, matchIndex, requireApk2 } from './archive-checks.ts';
import {
  isPlainSignature,
  isSignaturePath,
  MORE_THAN_SIGNATURES,
  type SignedControl,
  unverifiedSignatures,
  verifyControl,
} from './archive-signature.ts';
import { isKeptFile } from './kept-files.ts';
import { apkDialect } from './tar-dialect.ts';

/** Signature and control members are held in memory; those of real packages stay below 64 KiB. */
const MAX_CONTROL_BYTES = 16 * 1024 * 1024;

/** Real packages stay below 50 : 1; gzip reaches 1030 : 1 on zeros. */
const MAX_RATIO = 400;
/** Hex digits of a SHA-256; apk ignores what follows them. */
const SHA256_DIGITS = 64;

const SCRIPT_NAMES = [
  'pre-install',
  'post-install',
  'pre-upgrade',
  'post-upgrade',
  'pre-deinstall',
  'post-deinstall',
  'trigger',
] as const;

/**
 * Reads and verifies an apk v2 in one pass: gzip members with signatures, one control member (`.PKGINFO`, scripts), the data. The
 * identity (`Q1…`) and the signatures cover the control member's compressed bytes; `.PKGINFO` has the SHA-256 of everything that
 * follows it (apk-tools "apk v2 format").
 * @throws AppError BAD_ARCHIVE, INTEGRITY, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED, LIMIT
 */
export async function readArchive(input: ArchiveInput): Promise<ReadFacts> {
  const { facts, signed } = await readBytes(input);
  return { ...facts, ...verifyControl(input.policy, signed) };
}

/**
 * Reads an apk v2 as readArchive does, but without verifying signatures: `signedBy` is empty.
 * @throws AppError BAD_ARCHIVE, INTEGRITY, UNSUPPORTED, LIMIT
 */
export async function readUnverified(input: UnverifiedInput): Promise<ReadFacts> {
  const { facts, signed } = await readBytes(input);
  return { ...facts, signedBy: '', signatures: unverifiedSignatures(signed.entries) };
}

interface ReadBytes {
  readonly facts: Omit<ArchiveFacts, 'signedBy'>;
  readonly signed: SignedControl;
}

async function readBytes(input: UnverifiedInput): Promise<ReadBytes> {
  const { where, expected } = input;
  const pass = await walk(input);
  const { list } = pass;
  const pkginfo = list.contents.get('.PKGINFO');
  if (pkginfo === undefined) {
    throw new AppError('BAD_ARCHIVE', `${where}: expected a .PKGINFO member, got none: not an apk package`);
  }
  const info = parsePkgInfo(pkginfo, where);
  const facts = {
    identity: `Q1${createHash('sha1').update(pass.control).digest('base64')}`,
    name: infoWord(info, 'pkgname', where),
    version: infoWord(info, 'pkgver', where),
    sizeBytes: pass.sizeBytes,
  };
  if (expected !== undefined) matchIndex(facts, expected, where);
  matchDataHash(infoValue(info, 'datahash').slice(0, SHA256_DIGITS).toLowerCase(), pass.dataSha256, where);
  const signed: SignedControl = {
    entries: Array.from({ length: pass.signatureCount }, (_, index) => list.files.at(index)),
    kept: list.contents,
    control: pass.control,
    where,
  };
  const read: ReadBytes['facts'] = {
    distro: 'alpine',
    digest: pass.digest,
    sizeBytes: pass.sizeBytes,
    diffId: list.diffId,
    uncompressedSizeBytes: list.uncompressedSizeBytes,
    compression: 'gzip',
    segments: pass.segments,
    layerProblem: list.layerProblem ?? (pass.onlySignatures ? undefined : MORE_THAN_SIGNATURES),
    identity: facts.identity,
    name: facts.name,
    version: facts.version,
    architecture: infoValue(info, 'arch').trimEnd(),
    info,
    scripts: scriptsOf(list.contents),
    rootMembers: keptContents(list.contents),
    files: list.files,
    backupMd5: {},
  };
  return { facts: read, signed };
}

interface Pass {
  readonly list: FileList;
  readonly segments: readonly ArchiveSegment[];
  /** Number of entries before the control member */
  readonly signatureCount: number;
  /** Whether each of them can only be a signature */
  readonly onlySignatures: boolean;
  /** The control member, compressed */
  readonly control: Buffer;
  readonly dataSha256: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

async function walk(input: UnverifiedInput): Promise<Pass> {
  try {
    return await walkMembers(input);
  } catch (error) {
    throw located(error, input.where);
  }
}

async function walkMembers(input: UnverifiedInput): Promise<Pass> {
  const { where, like } = input;
  let controlSegment = -1;
  let signatureCount = 0;
  let onlySignatures = true;
  const collector = new FileListCollector({
    where,
    ...(like === undefined ? {} : { like }),
    dialect: apkDialect,
    entry(entry, segment) {
      if (controlSegment >= 0) return;
      if (isSignaturePath(entry.path)) {
        signatureCount += 1;
        onlySignatures &&= isPlainSignature(entry, where);
      } else controlSegment = segment;
    },
    standsAlone: () => controlSegment < 0,
    keep({ path, sizeBytes }, segment) {
      if (controlSegment >= 0 && segment > controlSegment) return isKeptFile(path, sizeBytes);
      return isRootDotFile(path);
    },
  });
  const whole = createHash('sha256');
  const data = createHash('sha256');
  const control: Buffer[] = [];
  let pending: { segment: number; bytes: Buffer }[] = [];
  let pendingBytes = 0;
  let sizeBytes = 0;
  const assignPending = (): void => {
    if (controlSegment < 0) return;
    for (const { segment, bytes } of pending) {
      if (segment === controlSegment) control.push(bytes);
      else if (segment > controlSegment) data.update(bytes);
    }
    pending = [];
    pendingBytes = 0;
  };
  const { chunks, segments } = decompress(requireApk2(input), 'gzip', {
    maxRatio: MAX_RATIO,
    freesChunks: true,
    onCompressed(segment, bytes) {
      whole.update(bytes);
      sizeBytes += bytes.length;
      if (controlSegment >= 0 && segment > controlSegment && pending.length === 0) {
        data.update(bytes);
        return;
      }
      pending.push({ segment, bytes: Buffer.from(bytes) });
      pendingBytes += bytes.length;
      if (pendingBytes > MAX_CONTROL_BYTES) {
        throw new AppError(
          'LIMIT',
          `expected signature and control members of at most ${MAX_CONTROL_BYTES} bytes, got more`,
        );
      }
    },
  });
  for await (const chunk of chunks) {
    collector.write(chunk.bytes, chunk.segment);
    if (pending.length > 0) assignPending();
  }
  const list = collector.finish();
  assignPending();
  return {
    list,
    segments,
    signatureCount,
    onlySignatures,
    control: Buffer.concat(control),
    dataSha256: data.digest('hex'),
    digest: `sha256:${whole.digest('hex')}` as Digest,
    sizeBytes,
  };
}

/** Returns the contents to keep with the facts, in base64: `.PKGINFO` and the files that isKeptFile accepts. */
function keptContents(kept: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries(
    [...kept]
      .filter(([path]) => path === '.PKGINFO' || !isRootDotFile(path))
      .map(([path, content]) => [path, content.toString('base64')]),
  );
}

function scriptsOf(kept: ReadonlyMap<string, Buffer>): readonly PackageScript[] {
  return SCRIPT_NAMES.flatMap((name) => {
    const content = kept.get(`.${name}`);
    return content === undefined ? [] : [{ name, content: content.toString('base64') }];
  });
}
