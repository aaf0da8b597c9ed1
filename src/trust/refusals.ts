import type { OpenPgpVerdict } from './pacman-keyring.ts';

/** How each verdict but `valid` is refused: error code, words for the message, and the way out. */
export const REFUSALS: Readonly<
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
    hint: 'Use --keyring-append DIR to trust the keys in a folder (NAME.gpg, NAME-trusted) in addition to the distribution’s own, --keyring DIR to trust them instead (a newer archlinux-keyring), or --allow-untrusted to accept it unverified.',
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
