/**
 * Returns a key for comparing checksums as apk does: the decoded bytes of `Q1…` (SHA-1) or `Q2…` (SHA-256), since base64 can
 * spell the same bytes in several ways. Any other text is returned as it is.
 */
export function checksumBytes(checksum: string): string {
  if (!/^Q[12]/.test(checksum)) return checksum;
  return Buffer.from(checksum.slice(2), 'base64').toString('latin1');
}
