export interface SigLevelPart {
  readonly check: 'never' | 'optional' | 'required';
  readonly trust: 'trusted-only' | 'trust-all';
}

/** pacman.conf(5) "PACKAGE AND DATABASE SIGNATURE CHECKING". */
export interface SigLevel {
  readonly package: SigLevelPart;
  readonly database: SigLevelPart;
}

type BaseWord = 'Never' | 'Optional' | 'Required' | 'TrustedOnly' | 'TrustAll';
export type SigLevelWord = BaseWord | `Package${BaseWord}` | `Database${BaseWord}`;

export interface OpenPgpVerdict {
  readonly status:
    | 'valid'
    | 'untrusted'
    | 'unknown-key'
    | 'expired-key'
    | 'revoked-key'
    | 'bad-signature'
    | 'unsigned';
  /** Upper-case hex of the signing key's primary fingerprint; the key id or empty when the key is unknown. */
  readonly fingerprint: string;
  /** A user id of the signer; empty when unknown. */
  readonly signer: string;
  /** A sentence for a person. */
  readonly message: string;
}

export interface VerifyOptions {
  /** Milliseconds since the epoch at which keys and signatures are judged; default: the clock. */
  readonly now?: number;
}

/** A folder's `*.gpg` with their `-trusted` and `-revoked` lists, like /usr/share/pacman/keyrings. */
export class PacmanKeyring {
  static async load(directory: string): Promise<PacmanKeyring> {
    throw new Error(`not built: ${directory}`);
  }

  static async fromFiles(files: Iterable<{ name: string; bytes: Uint8Array }>): Promise<PacmanKeyring> {
    throw new Error(`not built: ${typeof files}`);
  }

  restrictToPinnedMasters(): PacmanKeyring {
    throw new Error('not built');
  }
}

/** @throws AppError USAGE on a word that is not pacman's */
export function parseSigLevel(words: string): SigLevel {
  throw new Error(`not built: ${words}`);
}

export async function verifyDetached(
  keyring: PacmanKeyring,
  data: AsyncIterable<Uint8Array> | Uint8Array,
  signature: Uint8Array,
  options: VerifyOptions = {},
): Promise<OpenPgpVerdict> {
  throw new Error(`not built: ${keyring} ${data} ${signature} ${options.now}`);
}

/** Fingerprint that signed; empty when accepted without. @throws AppError SIGNATURE, UNTRUSTED_KEY */
export function enforceSigLevel(part: SigLevelPart, verdict: OpenPgpVerdict, what: string): string {
  throw new Error(`not built: ${part.check} ${verdict.status} ${what}`);
}
