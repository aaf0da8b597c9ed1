/**
 * The bytes of a `Q1…` (SHA-1) or `Q2…` (SHA-256) checksum, by which apk tells packages apart; base64 has spellings
 * of the same bytes that differ in unused bits. Anything else stands for itself.
 */
export function checksumBytes(checksum: string): string {
  if (!/^Q[12]/.test(checksum)) return checksum;
  return Buffer.from(checksum.slice(2), 'base64').toString('latin1');
}
