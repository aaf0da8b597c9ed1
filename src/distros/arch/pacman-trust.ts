import type { OpenPgpKeyring } from '../../trust/openpgp-keyring.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import { parseSigLevel, type SigLevel } from './sig-level.ts';

/** Trust policy for OpenPGP signatures, as in pacman.conf(5). */
export interface PacmanTrust extends TrustPolicy {
  /** Keys that may sign databases and packages; undefined: the keyring package has not been fetched yet */
  readonly pacman?: OpenPgpKeyring;
  /** Undefined: pacman's default, `Required DatabaseOptional` */
  readonly sigLevel?: SigLevel;
}

/** Returns what the policy requires of signatures; pacman's default if it says nothing. */
export function levelOf({ sigLevel }: PacmanTrust): SigLevel {
  return sigLevel ?? parseSigLevel('');
}
