import type { OpenPgpVerdict } from '../../trust/openpgp-verdict.ts';
import { verifyDetached } from '../../trust/verify-detached.ts';
import type { PacmanTrust } from './pacman-trust.ts';
import { enforceSigLevel, type SigLevelPart } from './sig-level.ts';

/** A signature to check, and the policy for it. */
export interface SignatureCheck {
  readonly policy: PacmanTrust;
  /** Requirements of pacman's SigLevel for this kind of file */
  readonly level: SigLevelPart;
  readonly signature: Uint8Array | undefined;
  readonly where: string;
}

/** Returns whether acceptSignature reads the data: there are a signature and a keyring, and signatures are checked. */
export function needsData(check: SignatureCheck): boolean {
  return check.level.check !== 'never' && check.signature !== undefined && check.policy.pacman !== undefined;
}

/**
 * Verifies a detached signature of `data` by the policy. Returns the fingerprint of the accepted key; empty if the data are
 * accepted without a signature.
 * @throws UnsignedError; AppError SIGNATURE, UNTRUSTED_KEY
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
