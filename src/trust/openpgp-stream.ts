import type { AnyKeyPacket, SignaturePacket } from 'openpgp';
import { gnupgConfig } from './web-of-trust.ts';

/** One signature to check: against the key's packet that its issuer names, or only to be read past. */
export interface PendingSignature {
  readonly signature: SignaturePacket;
  readonly key: AnyKeyPacket;
}

/** Undefined: the signature is good. Else why not. */
export type SignatureFault = string | undefined;

interface Tap {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
  readonly fault: Promise<SignatureFault>;
}

/**
 * openpgp.js takes the document as an object with `text` and `getBytes()`. Its own literal packet clones a stream so that it
 * can be read twice, which would keep all of it in memory; this one hands the bytes out once.
 */
async function makeTap(pending: PendingSignature): Promise<Tap> {
  const { enums } = await import('openpgp');
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const literal = { text: null, getBytes: () => readable };
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const { signature, key } = pending;
  const fault = signature
    .verify(key, enums.signature.binary, literal, signature.created ?? undefined, true, await gnupgConfig())
    .then(() => undefined)
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  let settled = false;
  const gone = fault.then(() => {
    settled = true;
  });
  return {
    fault,
    async write(chunk) {
      if (settled) return;
      await Promise.race([writer.write(chunk).catch(() => {}), gone]);
    },
    async close() {
      if (!settled) await Promise.race([writer.close().catch(() => {}), gone]);
    },
    async abort() {
      await writer.abort().catch(() => {});
    },
  };
}

/**
 * Checks every signature over the data in one pass and constant memory. The data is always read to its end; its own errors
 * are thrown on.
 */
export async function checkSignatures(
  pending: readonly PendingSignature[],
  data: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<SignatureFault[]> {
  const taps = await Promise.all(pending.map(makeTap));
  try {
    for await (const chunk of data instanceof Uint8Array ? [data] : data) {
      await Promise.all(taps.map((tap) => tap.write(chunk)));
    }
    await Promise.all(taps.map((tap) => tap.close()));
    return await Promise.all(taps.map((tap) => tap.fault));
  } catch (error) {
    await Promise.all(taps.map((tap) => tap.abort()));
    throw error;
  }
}
