import { AppError } from '../../model/app-error.ts';
import type { ArchiveSegment, FileEntry } from '../../model/archive.ts';
import { enforceApkVerdict, verifyApkSignatures } from '../../trust/apk-keys.ts';
import type { TrustPolicy } from '../../trust/policy.ts';

const BLOCK = 512;
const NO_KEYRING = { keys: new Map() };

/**
 * The members before the control member are covered by no signature and no hash, yet a layer shows whatever they
 * hold. So they must be exactly `.SIGN.*` headers and contents, block by block: no other entry, no pax header
 * that would change a later entry, nothing that runs into the next member.
 * @throws AppError BAD_ARCHIVE
 */
export function checkSignatureMembers(
  files: readonly FileEntry[],
  segments: readonly ArchiveSegment[],
  controlSegment: number,
  where: string,
): void {
  const control = segments[controlSegment];
  if (control === undefined) {
    throw new AppError('BAD_ARCHIVE', `${where}: expected a control member, got none: not an apk package`);
  }
  let at = 0;
  for (const entry of files) {
    if (at >= control.uncompressedOffset) break;
    const plain = entry.type === 'file' && entry.path.startsWith('.SIGN.') && !entry.path.includes('/');
    if (!plain || entry.pax.length > 0 || entry.offset !== at + BLOCK) break;
    at = entry.offset + Math.ceil(entry.sizeBytes / BLOCK) * BLOCK;
  }
  if (at !== control.uncompressedOffset) {
    throw new AppError(
      'BAD_ARCHIVE',
      `${where}: expected only .SIGN.* entries before the control member, got something else at byte ${at} of the tar`,
      { hint: 'No signature covers that part of a package; it is refused.' },
    );
  }
}

/** The key's name; '' when accepted without one. @throws AppError SIGNATURE, UNTRUSTED_KEY */
export function verifyControl(
  policy: TrustPolicy,
  archive: {
    readonly kept: ReadonlyMap<string, Buffer>;
    readonly control: Uint8Array;
    readonly where: string;
  },
): string {
  const keyring = policy.apk ?? NO_KEYRING;
  const signatures = [...archive.kept]
    .filter(([path]) => path.startsWith('.SIGN.'))
    .map(([member, bytes]) => ({ member, bytes }));
  if (policy.allowUntrusted && signatures.length === 0) return '';
  const verdict = verifyApkSignatures(keyring, signatures, archive.control);
  if (verdict.ok) return verdict.signedBy;
  return policy.allowUntrusted ? '' : enforceApkVerdict(verdict, keyring, archive.where);
}
