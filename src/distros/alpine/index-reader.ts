import { decompress } from '../../archive/decompress.ts';
import { sniff } from '../../archive/sniff.ts';
import { TarScanner } from '../../archive/tar-reader.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import type { RepositoryIndex } from '../../model/repository.ts';
import type { IndexInput } from '../inputs.ts';
import { unreadable } from '../shared/unreadable.ts';
import { type ApkSignature, enforceApkVerdict, verifyApkSignatures } from './apk-signatures.ts';
import type { ApkTrust } from './apk-trust.ts';
import { parseIndexText } from './index-text.ts';

/** The index of Alpine's edge community has 14 MiB uncompressed; more than this would not fit into a string. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
/** The text of an index compresses about 5 : 1. */
const MAX_RATIO = 200;
const MAX_DESCRIPTION_BYTES = 64 * 1024;
const NO_KEYRING = { keys: new Map() };

/**
 * Reads and verifies an `APKINDEX.tar.gz`: gzip members with nothing but `.SIGN.*` entries, then the signed part with DESCRIPTION
 * and APKINDEX. Signature members are read separately, so that they cannot change how the signed part is read. Source: apk-tools,
 * apkindex "v2" and abuild-sign.
 * @throws AppError BAD_INDEX, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED, LIMIT
 */
export async function readIndex(input: IndexInput): Promise<RepositoryIndex> {
  const { bytes, where } = input;
  const policy: ApkTrust = input.policy;
  requireGzip(bytes, where);
  const members = await readMembers(bytes, where);
  const text = members.contents.get('APKINDEX');
  if (text === undefined) {
    throw new AppError(
      'BAD_INDEX',
      `${where}: expected an APKINDEX member, got ${members.names.slice(0, 5).join(', ') || 'no entries'}`,
      {
        hint: members.contents.has('.PKGINFO')
          ? 'Use `compose ingest`: this is a package, not an index.'
          : 'Check the URL: an apk repository has its index at <url>/<arch>/APKINDEX.tar.gz.',
      },
    );
  }
  let signedBy = '';
  if (!policy.allowUntrusted || members.signatures.length > 0) {
    const keyring = policy.apk ?? NO_KEYRING;
    const verdict = verifyApkSignatures(keyring, members.signatures, bytes.subarray(members.signedFrom));
    if (verdict.ok) signedBy = verdict.signedBy;
    else if (!policy.allowUntrusted) signedBy = enforceApkVerdict(verdict, keyring, where);
  }
  return {
    packages: parseIndexText(text.toString('utf8'), where),
    description: (members.contents.get('DESCRIPTION')?.toString('utf8') ?? '').trim(),
    signedBy,
  };
}

function requireGzip(bytes: Uint8Array, where: string): void {
  const magic = sniff(bytes.subarray(0, 1024));
  if (magic === 'gzip') return;
  if (magic === 'apk3') {
    throw new AppError(
      'UNSUPPORTED',
      `${where}: an index in apk 3's ADB format, which is not supported yet`,
      {
        hint: 'Use the repository’s APKINDEX.tar.gz.',
      },
    );
  }
  throw unreadable(magic, bytes.subarray(0, 1024), {
    where,
    what: 'a gzip APKINDEX.tar.gz',
    code: 'BAD_INDEX',
    repack: 'Create it again with apk index: an APKINDEX is gzip.',
    hint: 'Check the URL: a mirror or proxy may have answered with a web page instead of the index.',
  });
}

interface IndexMembers {
  readonly signatures: readonly ApkSignature[];
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly names: readonly string[];
  /** Offset of the first byte that the signatures cover */
  readonly signedFrom: number;
}

async function readMembers(bytes: Uint8Array, where: string): Promise<IndexMembers> {
  try {
    return await walkMembers(bytes);
  } catch (error) {
    if (isAppError(error, 'LIMIT')) {
      throw new AppError('LIMIT', `${where}: ${error.message}`, {
        cause: error,
        hint: 'Use another mirror with --mirror: no real index looks like this.',
        details: error.details,
      });
    }
    if (!isAppError(error, 'BAD_ARCHIVE')) throw error;
    throw new AppError('BAD_INDEX', `${where}: ${error.message}`, {
      cause: error,
      hint: 'Index the repository again or use another mirror with --mirror: the index is damaged or truncated.',
    });
  }
}

async function walkMembers(bytes: Uint8Array): Promise<IndexMembers> {
  const signatures: ApkSignature[] = [];
  const names: string[] = [];
  const contents = new Map<string, Buffer>();
  let content = Buffer.alloc(0);
  let filled = 0;
  let inSigned = false;
  const scan = (): TarScanner =>
    new TarScanner({
      entry(entry) {
        names.push(entry.path);
        if (!entry.path.startsWith('.SIGN.')) inSigned = true;
        if (entry.path === 'DESCRIPTION' && entry.sizeBytes > MAX_DESCRIPTION_BYTES) {
          throw new AppError(
            'BAD_ARCHIVE',
            `expected a DESCRIPTION of at most ${MAX_DESCRIPTION_BYTES} bytes, got ${entry.sizeBytes}`,
          );
        }
        if (contents.has(entry.path)) {
          throw new AppError('BAD_ARCHIVE', `expected one ${entry.path}, got a second one`);
        }
        content = Buffer.allocUnsafe(entry.type === 'file' ? Math.min(entry.sizeBytes, MAX_INDEX_BYTES) : 0);
        filled = 0;
      },
      content(entry, chunk) {
        if (entry.type === 'file')
          filled += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).copy(content, filled);
      },
      end(entry) {
        if (entry.type !== 'file') return;
        if (!inSigned) signatures.push({ member: entry.path, bytes: content });
        else if (WANTED.has(entry.path)) contents.set(entry.path, content);
      },
    });
  let scanner = scan();
  let segment = 0;
  let signedSegment = 0;
  const { chunks, segments } = decompress(oneChunk(bytes), 'gzip', {
    maxUncompressedBytes: MAX_INDEX_BYTES,
    maxRatio: MAX_RATIO,
  });
  for await (const chunk of chunks) {
    if (chunk.segment !== segment && !inSigned) {
      scanner.finish();
      scanner = scan();
      signedSegment = chunk.segment;
    }
    segment = chunk.segment;
    scanner.write(chunk.bytes);
  }
  scanner.finish();
  return { signatures, contents, names, signedFrom: segments[signedSegment]?.offset ?? 0 };
}

const WANTED: ReadonlySet<string> = new Set(['APKINDEX', 'DESCRIPTION', '.PKGINFO']);
