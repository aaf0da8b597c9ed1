import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';

/** OCI image-spec "Guidance for an Empty Descriptor": the config of an artifact without one. */
export const EMPTY_BYTES: Buffer = Buffer.from('{}');

/** Descriptor of the empty object. */
export const EMPTY_DESCRIPTOR: Descriptor = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: digestOf(EMPTY_BYTES),
  size: EMPTY_BYTES.length,
};
