/**
 * Origin of the trust in an entry of the catalog: `checked` here, or `claimed` by a published catalog that the user trusts. The
 * fingerprint is that of the trust policy it was accepted under.
 */
export interface TrustLabel {
  readonly basis: 'checked' | 'claimed';
  readonly fingerprint: string;
}

/** Prefix of the fingerprint in the columns `trust`. */
const CLAIMED = 'believed ';

/** Returns the label for what this machine verified under the policy with that fingerprint. */
export function checked(fingerprint: string): TrustLabel {
  return { basis: 'checked', fingerprint };
}

/** Returns the label for what a published catalog says was verified under the policy with that fingerprint. */
export function claimed(fingerprint: string): TrustLabel {
  return { basis: 'claimed', fingerprint };
}

/** Parses a column `trust`; undefined if it is empty: the entry has to be verified again. */
export function parseTrust(column: string): TrustLabel | undefined {
  if (column === '') return undefined;
  return column.startsWith(CLAIMED) ? claimed(column.slice(CLAIMED.length)) : checked(column);
}

/** Formats a column `trust`. */
export function trustColumn(label: TrustLabel | undefined): string {
  if (label === undefined) return '';
  return label.basis === 'claimed' ? CLAIMED + label.fingerprint : label.fingerprint;
}

/** Converts the column `trust` of a row to a label. */
export function withTrust<R extends { readonly trust: string }>(
  row: R,
): Omit<R, 'trust'> & { readonly trust: TrustLabel | undefined } {
  return { ...row, trust: parseTrust(row.trust) };
}
