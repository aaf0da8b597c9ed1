import type { TarEntry } from '../../archive/tar-entry.ts';
import { AppError } from '../../model/app-error.ts';
import type { SignatureEntry } from '../../model/archive.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { required } from '../../model/required.ts';
import { type ApkSignature, enforceApkVerdict, verifyApkSignatures } from './apk-signatures.ts';
import type { ApkTrust } from './apk-trust.ts';

const NO_KEYRING = { keys: new Map() };

/** An RSA-16384 signature has 2 KiB, one of ML-DSA-87 4.6 KiB; a larger file is more than a signature. */
const MAX_SIGNATURE_BYTES = 8 * 1024;
const SIGNATURE_NAME = /^\.SIGN\.([A-Za-z0-9]+)\.([^/\0]+)$/;
const SET_ID_BITS = 0o6000;

/** An ArchiveFacts.layerProblem: unsigned bytes that would appear as a file in the layer. */
export const MORE_THAN_SIGNATURES = 'a signature member with content other than signatures';

/** Returns whether apk takes the entry for a signature; the control member begins with the first entry of another name. */
export function isSignaturePath(path: string): boolean {
  return path.startsWith('.SIGN.');
}

/**
 * Returns whether an entry before the control member can only be a signature, so that the layer may keep it: no signature and no
 * hash covers it, but the layer shows it.
 * @throws AppError BAD_ARCHIVE when apk would reject it too
 */
export function isPlainSignature(entry: TarEntry, where: string): boolean {
  const { path, rawPath, type, mode, sizeBytes, xattrs } = entry;
  if (type !== 'file' || rawPath !== path || path.includes('/')) {
    throw new AppError(
      'BAD_ARCHIVE',
      `${where}: expected only .SIGN.* files before the control member, got ${JSON.stringify(rawPath.slice(0, 200))} (${type})`,
      { hint: 'Get the package from another source: no signature covers that part of it.' },
    );
  }
  return (
    SIGNATURE_NAME.test(path) &&
    sizeBytes <= MAX_SIGNATURE_BYTES &&
    (mode & SET_ID_BITS) === 0 &&
    Object.keys(xattrs).length === 0
  );
}

/** The control member of an archive, and the signatures in front of it. */
export interface SignedControl {
  /** The entries before the control member, in order */
  readonly entries: readonly Pick<FileEntry, 'path' | 'offset' | 'sizeBytes'>[];
  /** Their contents by path */
  readonly kept: ReadonlyMap<string, Buffer>;
  /** The control member, compressed */
  readonly control: Uint8Array;
  readonly where: string;
}

/** Result of verifying the control member. */
export interface ControlVerdict {
  /** Name of the key that signed; empty when accepted without a signature */
  readonly signedBy: string;
  readonly signatures: readonly SignatureEntry[];
}

/** Reads scheme and key of each signature from its file name, unverified. */
export function unverifiedSignatures(entries: SignedControl['entries']): readonly SignatureEntry[] {
  return entries.map(({ path, offset, sizeBytes }) => {
    const [, scheme = '', key = ''] = SIGNATURE_NAME.exec(path) ?? [];
    return { path, scheme, key, verified: false, offset, sizeBytes };
  });
}

/**
 * Verifies the signatures of a control member by the policy.
 * @throws AppError SIGNATURE, UNTRUSTED_KEY when the policy rejects them; UNSUPPORTED when OpenSSL lacks the digest
 */
export function verifyControl(policy: ApkTrust, archive: SignedControl): ControlVerdict {
  const keyring = policy.apk ?? NO_KEYRING;
  const { entries, kept, control, where } = archive;
  const members = entries.map(({ path }) => ({ member: path, bytes: kept.get(path) ?? Buffer.alloc(0) }));
  const isVerified = (signature: ApkSignature): boolean =>
    verifyApkSignatures(keyring, [signature], control).ok;
  const describe = (): readonly SignatureEntry[] =>
    unverifiedSignatures(entries).map((entry, index) => ({
      ...entry,
      verified: isVerified(required(members, index)),
    }));
  if (policy.allowUntrusted && members.length === 0) return { signedBy: '', signatures: [] };
  const verdict = verifyApkSignatures(keyring, members, control);
  if (!verdict.ok && !policy.allowUntrusted) enforceApkVerdict(verdict, keyring, where);
  return { signedBy: verdict.ok ? verdict.signedBy : '', signatures: describe() };
}
