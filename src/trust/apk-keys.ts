import type { KeyObject } from 'node:crypto';

/** Keys by file name, as apk names them: `alpine-devel@lists.alpinelinux.org-4a6a0840.rsa.pub`. */
export interface ApkKeyring {
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** A `.SIGN.RSA.<key>`, `.SIGN.RSA256.<key>` or `.SIGN.RSA512.<key>` member. */
export interface ApkSignature {
  readonly member: string;
  readonly bytes: Uint8Array;
}

export type SignatureVerdict =
  | { readonly ok: true; readonly signedBy: string }
  | {
      readonly ok: false;
      readonly reason: 'unsigned' | 'unknown-key' | 'bad-signature';
      readonly message: string;
      /** Key names that the signatures name; empty when unsigned. */
      readonly keyNames: readonly string[];
    };

export function loadApkKeyring(directory: string): ApkKeyring {
  throw new Error(`not built: ${directory}`);
}

export function apkKeyringFromFiles(files: Iterable<{ name: string; bytes: Uint8Array }>): ApkKeyring {
  throw new Error(`not built: ${typeof files}`);
}

export function verifyApkSignatures(
  keyring: ApkKeyring,
  signatures: readonly ApkSignature[],
  signed: Uint8Array,
): SignatureVerdict {
  throw new Error(`not built: ${keyring.keys.size} ${signatures.length} ${signed.length}`);
}

/** @throws AppError SIGNATURE or UNTRUSTED_KEY when the verdict is not ok; else the key's name */
export function enforceApkVerdict(verdict: SignatureVerdict, keyring: ApkKeyring, what: string): string {
  throw new Error(`not built: ${verdict.ok} ${keyring.keys.size} ${what}`);
}
