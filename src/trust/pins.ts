import type { ApkKeyring } from './apk-keys.ts';

export interface AlpineKeyPin {
  readonly name: string;
  /** Lower-case hex SHA-256 of the key file as distributed. */
  readonly sha256: string;
  /** Alpine's architecture words that the key signs for. */
  readonly architectures: readonly string[];
}

export interface ArchMasterKeyPin {
  readonly owner: string;
  /** Upper-case hex v4 fingerprint. */
  readonly fingerprint: string;
  /** Lower-case hex SHA-256 of the primary public key packet's body; empty when only the v4 fingerprint is known. */
  readonly sha256: string;
}

export const ALPINE_KEY_PINS: readonly AlpineKeyPin[] = [];
export const ARCH_MASTER_KEY_PINS: readonly ArchMasterKeyPin[] = [];

export function pinnedApkKeyring(files: Iterable<{ name: string; bytes: Uint8Array }>): ApkKeyring {
  throw new Error(`not built: ${typeof files}`);
}
