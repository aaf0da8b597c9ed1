/**
 * On whose word the catalog holds something: `checked` here, or `claimed` by a published catalog that the user believes; either way
 * under the trust policy that the fingerprint names.
 */
export interface TrustLabel {
  readonly basis: 'checked' | 'claimed';
  readonly fingerprint: string;
}

/** Stands before the fingerprint in the columns `trust`. */
const CLAIMED = 'believed ';

/** Returns the label for what this machine verified under the policy of that fingerprint. */
export function checked(fingerprint: string): TrustLabel {
  return { basis: 'checked', fingerprint };
}

/** Returns the label for what a published catalog says was verified under the policy of that fingerprint. */
export function claimed(fingerprint: string): TrustLabel {
  return { basis: 'claimed', fingerprint };
}

/** Reads a column `trust`; undefined where it is empty: nobody vouches, and it has to be verified again. */
export function parseTrust(column: string): TrustLabel | undefined {
  if (column === '') return undefined;
  return column.startsWith(CLAIMED) ? claimed(column.slice(CLAIMED.length)) : checked(column);
}

/** Writes a column `trust`. */
export function trustColumn(label: TrustLabel | undefined): string {
  if (label === undefined) return '';
  return label.basis === 'claimed' ? CLAIMED + label.fingerprint : label.fingerprint;
}

/** Returns a row as it was read with its column `trust` as a label. */
export function withTrust<R extends { readonly trust: string }>(
  row: R,
): Omit<R, 'trust'> & { readonly trust: TrustLabel | undefined } {
  return { ...row, trust: parseTrust(row.trust) };
}
