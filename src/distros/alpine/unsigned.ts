import type { ReadFacts, SignatureEntry } from '../../model/archive.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type { UnsignedPart } from '../../model/verify-report.ts';
import type { Unsigned } from '../distro.ts';
import { isSignaturePath, unverifiedSignatures } from './archive-signature.ts';

const BLOCK = 512;

/**
 * Returns the bytes before the control member that nothing covers: signatures that are not verified, and headers beyond one per
 * signature.
 */
export function unsigned(facts: ReadFacts): Unsigned {
  const control = facts.files.find(({ path }) => !isSignaturePath(path));
  const lastOffset = (control?.offset ?? 0) - 1;
  const segment = facts.segments.find(
    ({ uncompressedOffset, uncompressedSizeBytes }) =>
      uncompressedOffset <= lastOffset && lastOffset < uncompressedOffset + uncompressedSizeBytes,
  );
  if (segment === undefined) return { endsAt: 0, tarEndsAt: 0, parts: [] };
  const signatures = facts.signatures ?? knownSignatures(facts, control as FileEntry);
  const parts = signatures
    .filter(({ verified }) => !verified)
    .map(
      ({ path, sizeBytes }): UnsignedPart => ({
        what: 'an entry other than a verified signature',
        path,
        sizeBytes,
      }),
    );
  const plain = signatures.reduce(
    (sum, { sizeBytes }) => sum + BLOCK + Math.ceil(sizeBytes / BLOCK) * BLOCK,
    0,
  );
  const more = segment.uncompressedOffset - plain;
  if (more > 0) parts.push({ what: 'tar headers around signatures', path: null, sizeBytes: more });
  return { endsAt: segment.offset, tarEndsAt: segment.uncompressedOffset, parts };
}

/** Returns the signatures for facts that lack them: if there is only one, by the key that signed, it is the verified one. */
function knownSignatures(facts: ReadFacts, control: FileEntry): readonly SignatureEntry[] {
  const entries = unverifiedSignatures(facts.files.filter((entry) => entry.offset < control.offset));
  const [first] = entries;
  const verified = entries.length === 1 && facts.signedBy !== '' && first?.key === facts.signedBy;
  return verified ? [{ ...(first as SignatureEntry), verified }] : entries;
}
