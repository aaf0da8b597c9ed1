import type { OpenPgpKeyring } from '../../trust/openpgp-keyring.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import { parseSigLevel, type SigLevel } from './sig-level.ts';

/** Trust in OpenPGP signatures as pacman.conf(5) describes it. */
export interface PacmanTrust extends TrustPolicy {
  /** Keys that may sign databases and packages; undefined: the keyring package was not fetched yet */
  readonly pacman?: OpenPgpKeyring;
  /** Undefined: pacman's default, `Required DatabaseOptional` */
  readonly sigLevel?: SigLevel;
}

/** Returns what the policy asks of signatures. */
export function levelOf({ sigLevel }: PacmanTrust): SigLevel {
  return sigLevel ?? parseSigLevel('');
}
