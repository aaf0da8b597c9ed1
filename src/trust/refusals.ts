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
    hint: 'Use a signed repository (its keys: --keyring-append DIR), or accept it as it is with --allow-untrusted.',
  },
  'bad-signature': {
    code: 'SIGNATURE',
    problem: 'has a bad signature',
    hint: 'Fetch it and its signature again or from another mirror; if the key itself is another, give --keyring DIR. --allow-untrusted accepts it as it is.',
  },
  'unknown-key': {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by an unknown key',
    hint: '--keyring-append DIR adds the keys of a folder (NAME.gpg, NAME-trusted) to the distribution’s own, --keyring DIR takes their place (a newer archlinux-keyring); --allow-untrusted accepts it as it is.',
  },
  untrusted: {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by an untrusted key',
    hint: 'To trust the key itself, add its fingerprint as `FINGERPRINT:4:` to the NAME-trusted list in --keyring DIR; --allow-untrusted accepts it as it is.',
  },
  'expired-key': {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by an expired key',
    hint: 'Give a newer keyring, in which the key may be prolonged, with --keyring DIR; --allow-untrusted accepts it as it is.',
  },
  'revoked-key': {
    code: 'UNTRUSTED_KEY',
    problem: 'is signed by a revoked key',
    hint: 'Take a newer build of it that another key signs. Only if you know better: another keyring with --keyring DIR, or --allow-untrusted.',
  },
};
