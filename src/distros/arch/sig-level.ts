import { AppError } from '../../model/app-error.ts';
import type { OpenPgpVerdict } from '../../trust/openpgp-verdict.ts';
import { UnsignedError } from '../../trust/unsigned-error.ts';

/** Requirements for the signatures of packages or of databases. */
export interface SigLevelPart {
  readonly check: 'never' | 'optional' | 'required';
  readonly trust: 'trusted-only' | 'trust-all';
}

/** Signature level as in pacman.conf(5), "Package and database signature checking". */
export interface SigLevel {
  readonly package: SigLevelPart;
  readonly database: SigLevelPart;
}

type BaseWord = 'Never' | 'Optional' | 'Required' | 'TrustedOnly' | 'TrustAll';

const DEFAULT_SIG_LEVEL = 'Required DatabaseOptional TrustedOnly';

/**
 * Parses the value of pacman.conf's SigLevel. Its words apply in order, on top of pacman's default
 * `Required DatabaseOptional TrustedOnly`; a word without the prefix `Package` or `Database` sets both.
 * @throws AppError USAGE for an unknown word
 */
export function parseSigLevel(words: string): SigLevel {
  const level = {
    package: { check: 'required', trust: 'trusted-only' } as SigLevelPart,
    database: { check: 'required', trust: 'trusted-only' } as SigLevelPart,
  };
  for (const word of `${DEFAULT_SIG_LEVEL} ${words}`.split(/[\s,]+/).filter((part) => part !== '')) {
    const match = /^(Package|Database)?(Never|Optional|Required|TrustedOnly|TrustAll)$/.exec(word);
    if (match === null) {
      throw new AppError('USAGE', `unknown SigLevel word ${JSON.stringify(word)}`, {
        hint: 'Use Never, Optional, Required, TrustedOnly or TrustAll, each with or without the prefix Package or Database.',
        details: { word },
      });
    }
    const change: Partial<SigLevelPart> = SIG_LEVEL_CHANGES[match[2] as BaseWord];
    if (match[1] !== 'Database') level.package = { ...level.package, ...change };
    if (match[1] !== 'Package') level.database = { ...level.database, ...change };
  }
  return level;
}

const SIG_LEVEL_CHANGES: Readonly<Record<BaseWord, Partial<SigLevelPart>>> = {
  Never: { check: 'never' },
  Optional: { check: 'optional' },
  Required: { check: 'required' },
  TrustedOnly: { trust: 'trusted-only' },
  TrustAll: { trust: 'trust-all' },
};

/** Error code, message and hint for every verdict except `valid`. */
const REJECTIONS: Readonly<
  Record<
    Exclude<OpenPgpVerdict['status'], 'valid'>,
    { readonly code: 'SIGNATURE' | 'UNTRUSTED_KEY'; readonly problem: string; readonly hint: string }
  >
> = {
  unsigned: {
    code: 'SIGNATURE',
    problem: 'is unsigned',
    hint: 'Use a signed repository (its keys: --keyring-append DIR), or accept it unverified with --allow-untrusted.',
  },
  'bad-signature': {
    code: 'SIGNATURE',
    problem: 'has a bad signature',
    hint: 'Fetch it and its signature again or from another mirror; if the key has changed, pass --keyring DIR. Use --allow-untrusted to accept it unverified.',
  },
  'unknown-key': {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by an unknown key',
    hint: "Use --keyring-append DIR to trust the keys in a folder (NAME.gpg, NAME-trusted) in addition to the distribution's own, --keyring DIR to trust them instead (a newer archlinux-keyring), or --allow-untrusted to accept it unverified.",
  },
  untrusted: {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by an untrusted key',
    hint: 'Add its fingerprint as `FINGERPRINT:4:` to the NAME-trusted list in --keyring DIR to trust the key, or use --allow-untrusted to accept it unverified.',
  },
  'expired-key': {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by an expired key',
    hint: 'Pass a newer keyring, in which the key may have been extended, with --keyring DIR, or use --allow-untrusted to accept it unverified.',
  },
  'revoked-key': {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by a revoked key',
    hint: 'Use a newer build signed by another key. Only if you are sure: pass another keyring with --keyring DIR, or use --allow-untrusted.',
  },
};

/**
 * Accepts or rejects a verdict as libalpm does (`_alpm_check_pgp_helper`): a missing signature is accepted where signatures
 * are optional, but a signature that is there must be good. TrustAll accepts good signatures by untrusted and expired keys,
 * never by unknown, revoked or disabled ones. TrustedOnly rejects expired keys as well: GnuPG gives them no validity, which
 * libalpm treats as unknown trust.
 * @param what URL or path of the signed file, for errors
 * @returns the signing key's fingerprint; empty when accepted without a signature
 * @throws UnsignedError; AppError SIGNATURE (bad), UNTRUSTED_KEY (unknown, untrusted, revoked, expired)
 */
export function enforceSigLevel(part: SigLevelPart, verdict: OpenPgpVerdict, what: string): string {
  const { status, fingerprint, signer, message } = verdict;
  if (part.check === 'never') return status === 'valid' ? fingerprint : '';
  if (status === 'valid') return fingerprint;
  if (status === 'unsigned' && part.check === 'optional') return '';
  if ((status === 'untrusted' || status === 'expired-key') && part.trust === 'trust-all') return fingerprint;
  const { code, problem, hint } = REJECTIONS[status];
  const text = `${what} ${problem}: ${message}`;
  const context = { hint, details: { what, status, fingerprint, signer, sigLevel: part } };
  throw status === 'unsigned' ? new UnsignedError(text, context) : new AppError(code, text, context);
}
