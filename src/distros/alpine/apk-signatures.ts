import { type KeyObject, verify } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import type { ApkKeyring } from './apk-keys.ts';

/** Alpine signs with one key; a repository in the middle of a key change carries two or three. */
const MAX_SIGNATURES = 16;
/** RSA of 16384 bits, the largest key OpenSSL verifies with. */
const MAX_SIGNATURE_BYTES = 2048;
/** No file has a longer name (NAME_MAX of Linux). */
const MAX_KEY_NAME_BYTES = 255;

/**
 * Prefixes of signature members, in front of the key's file name, with the digest that each stands for (apk-tools 2.14,
 * `package.c` apk_sign_ctx_process_file).
 */
const MEMBER_PREFIXES = [
  { prefix: '.SIGN.RSA256.', hash: 'sha256' },
  { prefix: '.SIGN.RSA512.', hash: 'sha512' },
  { prefix: '.SIGN.RSA.', hash: 'sha1' },
] as const;

/** A signature member of an index or archive: `.SIGN.RSA.<key>`, `.SIGN.RSA256.<key>` or `.SIGN.RSA512.<key>`. */
export interface ApkSignature {
  readonly member: string;
  readonly bytes: Uint8Array;
}

/** Result of verifying the signatures of an index or archive. `signedBy`: file name of the key. */
export type SignatureVerdict =
  | { readonly ok: true; readonly signedBy: string }
  | {
      readonly ok: false;
      readonly reason: 'unsigned' | 'unknown-key' | 'bad-signature';
      readonly message: string;
      /** Names of the keys that claim to have signed; empty when unsigned */
      readonly keyNames: readonly string[];
    };

interface NamedSignature {
  readonly hash: 'sha1' | 'sha256' | 'sha512';
  readonly keyName: string;
  readonly bytes: Uint8Array;
}

/** Reads the digest and the key from a member's name; undefined for other schemes (`.SIGN.DSA.` or a future one). */
function readMember(signature: ApkSignature): NamedSignature | undefined {
  const scheme = MEMBER_PREFIXES.find(({ prefix }) => signature.member.startsWith(prefix));
  if (scheme === undefined) return undefined;
  return { hash: scheme.hash, keyName: signature.member.slice(scheme.prefix.length), bytes: signature.bytes };
}

function isKeyName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !/[/\0]/.test(name) &&
    Buffer.byteLength(name) <= MAX_KEY_NAME_BYTES
  );
}

/** Verifies a PKCS#1 v1.5 signature. @throws AppError UNSUPPORTED when this Node's OpenSSL refuses the digest for signatures */
function isGood(signature: NamedSignature, key: KeyObject, signed: Uint8Array): boolean {
  try {
    return verify(signature.hash, signed, key, signature.bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError(
      'UNSUPPORTED',
      `OpenSSL ${process.versions.openssl} of this Node cannot verify an RSA signature with ${signature.hash.toUpperCase()} (key ${signature.keyName}): ${reason}`,
      {
        hint:
          signature.hash === 'sha1'
            ? 'Use the official Node 24, which includes its own OpenSSL: Alpine signs with SHA-1, which the crypto policy of this machine disables.'
            : 'Use the official Node 24, which includes its own OpenSSL.',
        cause: error,
        details: { hash: signature.hash, key: signature.keyName },
      },
    );
  }
}

/**
 * Verifies signatures as apk does: one good signature by a known key is enough, and signatures by unknown keys are ignored. A bad
 * signature by a known key is always rejected, even beside a good one.
 * @param signed the bytes that the signatures cover, still compressed: of an index everything after the signature members, of a
 * package the control member
 * @throws AppError UNSUPPORTED when this Node's OpenSSL refuses the digest
 */
export function verifyApkSignatures(
  keyring: ApkKeyring,
  signatures: readonly ApkSignature[],
  signed: Uint8Array,
): SignatureVerdict {
  const named = signatures.map(readMember).filter((signature) => signature !== undefined);
  const keyNames = named.map((signature) => signature.keyName);
  const bad = (message: string): SignatureVerdict => ({
    ok: false,
    reason: 'bad-signature',
    message,
    keyNames,
  });
  if (signatures.length > MAX_SIGNATURES) {
    return bad(`expected at most ${MAX_SIGNATURES} signatures, got ${signatures.length}`);
  }
  let signedBy: string | undefined;
  for (const signature of named) {
    if (!isKeyName(signature.keyName)) {
      return bad(
        `a signature names ${JSON.stringify(signature.keyName.slice(0, 80))}, which is not a key file name`,
      );
    }
    const key = keyring.keys.get(signature.keyName);
    if (key === undefined) continue;
    if (signature.bytes.length === 0 || signature.bytes.length > MAX_SIGNATURE_BYTES) {
      return bad(`the signature by ${signature.keyName} has ${signature.bytes.length} bytes`);
    }
    if (!isGood(signature, key, signed)) {
      return bad(
        `the signature by ${signature.keyName} does not match the content: it was changed or truncated after signing`,
      );
    }
    signedBy ??= signature.keyName;
  }
  if (signedBy !== undefined) return { ok: true, signedBy };
  if (signatures.length === 0)
    return { ok: false, reason: 'unsigned', message: 'it has no signature', keyNames: [] };
  if (named.length === 0) {
    return bad(
      `no signature of a known kind: expected .SIGN.RSA, RSA256 or RSA512, got ${signatures[0]?.member.slice(0, 80)}`,
    );
  }
  const known = [...keyring.keys.keys()];
  return {
    ok: false,
    reason: 'unknown-key',
    message: `it is signed by ${keyNames.join(', ')}; ${known.length === 0 ? 'no key is pinned for the architecture' : `known keys: ${known.join(', ')}`}`,
    keyNames,
  };
}

/**
 * Returns the name of the key that signed, or rejects the verdict.
 * @param what URL or path of the index or archive, for errors
 * @throws AppError SIGNATURE (unsigned, bad) or UNTRUSTED_KEY (unknown key)
 */
export function enforceApkVerdict(verdict: SignatureVerdict, keyring: ApkKeyring, what: string): string {
  if (verdict.ok) return verdict.signedBy;
  const details = {
    what,
    reason: verdict.reason,
    keyNames: verdict.keyNames,
    knownKeys: [...keyring.keys.keys()],
  };
  if (verdict.reason === 'unknown-key') {
    throw new AppError('UNTRUSTED_KEY', `${what} is not signed by a trusted key: ${verdict.message}`, {
      hint: keyring.pinned
        ? "Use --keyring-append DIR to trust the public keys in a folder in addition to the distribution's own, or --allow-untrusted to accept it unverified."
        : "Pass a folder with its public key as another --keyring DIR, or use --keyring-append DIR instead, which also trusts the distribution's own keys. Use --allow-untrusted to accept it unverified.",
      details,
    });
  }
  const problem = verdict.reason === 'unsigned' ? 'is unsigned' : 'has a bad signature';
  throw new AppError('SIGNATURE', `${what} ${problem}: ${verdict.message}`, {
    hint:
      verdict.reason === 'unsigned'
        ? 'Use a signed repository (its keys: --keyring-append DIR), or accept it unverified with --allow-untrusted.'
        : 'Fetch it again or from another mirror; if another key of that name signed it, pass --keyring DIR. Use --allow-untrusted to accept it unverified.',
    details,
  });
}
