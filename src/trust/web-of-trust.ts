import type { Config, Key, SignaturePacket, User } from 'openpgp';

/** GnuPG's `--marginals-needed` and `--completes-needed` defaults, which pacman keeps. */
const MARGINALS_NEEDED = 3;
/** GnuPG 2.2.18 ignores SHA-1 certifications made since 2019-01-19 (chosen-prefix collisions). */
const SHA1_UNTIL_MS = Date.UTC(2019, 0, 19);

/** Weight of an introducer (gpg --export-ownertrust). */
export type OwnerTrust = 'marginal' | 'full';

/** A key of the keyring's `-trusted` list. */
export interface Introducer {
  readonly key: Key;
  readonly ownerTrust: OwnerTrust;
}

/** Certification of a key by the introducers. */
export interface Certification {
  /** The user id that is certified best; empty if none is */
  readonly userId: string;
  /** User ids of the introducers whose certifications count for it */
  readonly by: readonly string[];
  readonly valid: boolean;
}

/** Returns a user id of the key, preferably one of archlinux.org; empty if it has none. */
export function userIdOf(key: Key): string {
  const users = key.users.map((user) => user.userID?.userID ?? '').filter((id) => id !== '');
  return users.find((id) => id.endsWith('@archlinux.org>')) ?? users[0] ?? '';
}

/** Tells whether a key is revoked, or expired at `now`; its self-signatures are verified first. */
export async function primaryKeyState(
  key: Key,
  now: Date,
): Promise<'usable' | 'revoked' | 'expired' | 'invalid'> {
  if (await key.isRevoked(undefined, undefined, now)) return 'revoked';
  const expires = await key.getExpirationTime();
  if (expires === null) return 'invalid';
  if (expires !== Number.POSITIVE_INFINITY && expires <= now) return 'expired';
  return key.getCreationTime() > now ? 'invalid' : 'usable';
}

/**
 * Returns openpgp.js's configuration, changed to accept what GnuPG accepts and Arch's keyring and archives have: DSA keys, and
 * SHA-1 in old signatures over archives (`isWeak` limits them). RSA below 2047 bits, MD5 and RIPEMD-160 are still refused.
 */
export async function gnupgConfig(): Promise<Config> {
  const { config, enums } = await import('openpgp');
  return {
    ...config,
    rejectMessageHashAlgorithms: config.rejectHashAlgorithms,
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
  };
}

/**
 * Tells whether a signature uses SHA-1 and was made since 2019-01-19: GnuPG's rule for certifications, here for signatures over
 * archives too.
 */
export async function isWeak(signature: SignaturePacket): Promise<boolean> {
  const { enums } = await import('openpgp');
  return signature.hashAlgorithm === enums.hash.sha1 && (signature.created?.getTime() ?? 0) >= SHA1_UNTIL_MS;
}

/** Decides by the introducer's newest certification or certification revocation of this user id (GnuPG). */
async function isCertifiedBy(user: User, key: Key, introducer: Key, now: Date): Promise<boolean> {
  const { enums } = await import('openpgp');
  const id = introducer.getKeyID();
  const content = { userID: user.userID, key: key.keyPacket };
  const made = [...user.revocationSignatures, ...user.otherCertifications]
    .filter((signature) => signature.issuerKeyID.equals(id))
    .filter((signature) => (signature.created ?? now) <= now)
    .sort((a, b) => (b.created?.getTime() ?? 0) - (a.created?.getTime() ?? 0));
  for (const signature of made) {
    if (signature.signatureType !== enums.signature.certRevocation && (await isWeak(signature))) continue;
    const type = signature.signatureType ?? enums.signature.certGeneric;
    try {
      await signature.verify(introducer.keyPacket, type, content, signature.created ?? now);
    } catch {
      continue;
    }
    const expires = signature.getExpirationTime();
    return type !== enums.signature.certRevocation && (!(expires instanceof Date) || expires > now);
  }
  return false;
}

/**
 * Applies GnuPG's classic trust model as pacman uses it: a key is valid if one of its own user ids, not revoked, is certified by
 * three marginally trusted introducers or by one fully trusted. Introducers that are revoked or expired at `now` do not count.
 */
export async function certificationOf(
  key: Key,
  introducers: readonly Introducer[],
  now: Date,
): Promise<Certification> {
  let best: Certification = { userId: '', by: [], valid: false };
  const usable: Introducer[] = [];
  for (const introducer of introducers) {
    if ((await primaryKeyState(introducer.key, now)) === 'usable') usable.push(introducer);
  }
  for (const user of key.users) {
    if (user.userID === null || !(await isOwnUserId(user, now))) continue;
    const by: Introducer[] = [];
    for (const introducer of usable) {
      if (await isCertifiedBy(user, key, introducer.key, now)) by.push(introducer);
    }
    const full = by.some((introducer) => introducer.ownerTrust === 'full');
    const valid = full || by.length >= MARGINALS_NEEDED;
    if (
      best.userId === '' ||
      (valid && !best.valid) ||
      (valid === best.valid && by.length > best.by.length)
    ) {
      best = { userId: user.userID.userID, by: by.map((introducer) => userIdOf(introducer.key)), valid };
    }
    if (valid) break;
  }
  return best;
}

/** Tells whether the key itself certifies the user id and has not revoked it. */
async function isOwnUserId(user: User, now: Date): Promise<boolean> {
  try {
    await user.verify(now);
    return true;
  } catch {
    return false;
  }
}
