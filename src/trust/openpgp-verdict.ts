/** Result of checking a detached OpenPGP signature against a keyring. */
export interface OpenPgpVerdict {
  readonly status:
    | 'valid'
    | 'untrusted'
    | 'unknown-key'
    | 'expired-key'
    | 'revoked-key'
    | 'bad-signature'
    | 'unsigned';
  /** Upper-case hex: the primary fingerprint of the signing key; for an unknown key, the id in the signature */
  readonly fingerprint: string;
  /** A user id of the signer; empty if unknown */
  readonly signer: string;
  /** The reason, for people; continues a sentence whose subject is the signed file */
  readonly message: string;
}

/** Verdict on a file without a signature. */
export const UNSIGNED: OpenPgpVerdict = {
  status: 'unsigned',
  fingerprint: '',
  signer: '',
  message: 'it has no OpenPGP signature',
};
