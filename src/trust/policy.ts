import type { ApkKeyring } from './apk-keys.ts';
import type { PacmanKeyring } from './pacman-keyring.ts';
import type { SigLevel } from './sig-level.ts';

/** What signatures must hold for indexes and archives to be accepted. */
export interface TrustPolicy {
  /** True: missing, unknown, untrusted and bad signatures are accepted; digests are still checked. */
  readonly allowUntrusted: boolean;
  /** Keys that may sign apk indexes and packages. */
  readonly apk?: ApkKeyring;
  /** Keys that may sign Arch databases and packages. */
  readonly pacman?: PacmanKeyring;
  readonly sigLevel: SigLevel;
}
