import type { OpenPgpVerdict } from '../../trust/openpgp-verdict.ts';
import { verifyDetached } from '../../trust/verify-detached.ts';
import type { PacmanTrust } from './pacman-trust.ts';
import { enforceSigLevel, type SigLevelPart } from './sig-level.ts';

/** A signature to be checked, and by which policy. */
export interface SignatureCheck {
  readonly policy: PacmanTrust;
  /** What pacman's SigLevel asks of this kind of file. */
  readonly level: SigLevelPart;
  readonly signature: Uint8Array | undefined;
  readonly where: string;
}

/** Whether the data itself is looked at: there is something to check, something to check it with, and a reason to. */
export function needsData(check: SignatureCheck): boolean {
  return check.level.check !== 'never' && check.signature !== undefined && check.policy.pacman !== undefined;
}

/**
 * The fingerprint whose signature over `data` is accepted; empty when it is accepted without one.
 * @throws AppError SIGNATURE, UNTRUSTED_KEY
 */
export async function acceptSignature(
  data: AsyncIterable<Uint8Array> | Uint8Array,
  check: SignatureCheck,
): Promise<string> {
  const { level, policy } = check;
  if (level.check === 'never') return '';
  const verdict = await judge(data, check);
  if (policy.allowUntrusted) return verdict.status === 'valid' ? verdict.fingerprint : '';
  return enforceSigLevel(level, verdict, check.where);
}

async function judge(
  data: AsyncIterable<Uint8Array> | Uint8Array,
  { policy, signature }: SignatureCheck,
): Promise<OpenPgpVerdict> {
  if (signature === undefined) {
    return { status: 'unsigned', fingerprint: '', signer: '', message: 'no signature found' };
  }
  if (policy.pacman === undefined) {
    return {
      status: 'unknown-key',
      fingerprint: '',
      signer: '',
      message: "the distribution's keyring, a package of its repositories, is not available",
    };
  }
  return verifyDetached(policy.pacman, data, signature);
}
