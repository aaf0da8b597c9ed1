import type { AnyKeyPacket, SignaturePacket } from 'openpgp';
import { gnupgConfig } from './web-of-trust.ts';

/** A signature to check, with the key packet of its issuer, or one that is only read past. */
export interface PendingSignature {
  readonly signature: SignaturePacket;
  readonly key: AnyKeyPacket;
}

/** Reason why a signature is not good; undefined: it is good. */
export type SignatureFault = string | undefined;

interface Tap {
  /** Resolves when there is room for the next chunk. */
  write(chunk: Uint8Array): Promise<void>;
  close(): void;
  abort(reason: unknown): void;
  readonly fault: Promise<SignatureFault>;
}

/**
 * Makes the document that openpgp.js takes: an object with `text` and `getBytes()`. Its own literal packet clones a stream so
 * that it can be read twice, which would keep all of it in memory; this one passes the bytes on once.
 */
async function makeTap(pending: PendingSignature): Promise<Tap> {
  const { enums } = await import('openpgp');
  let finished = false;
  let resume = (): void => {};
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const finish = (): void => {
    finished = true;
    resume();
  };
  const readable = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    pull() {
      resume();
    },
    cancel: finish,
  });
  const literal = { text: null, getBytes: () => readable };
  const { signature, key } = pending;
  const fault = signature
    .verify(key, enums.signature.binary, literal, signature.created ?? undefined, true, await gnupgConfig())
    .then(() => undefined)
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    .finally(finish);
  return {
    fault,
    async write(chunk) {
      if (finished || chunk.length === 0) return;
      controller?.enqueue(chunk);
      if ((controller?.desiredSize ?? 0) > 0) return;
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
    },
    close() {
      if (!finished) controller?.close();
    },
    abort(reason) {
      if (!finished) controller?.error(reason);
    },
  };
}

/**
 * Checks every signature over the data in one pass and constant memory. The data is always read to its end.
 * @throws whatever reading the data throws
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
    for (const tap of taps) tap.close();
    return await Promise.all(taps.map((tap) => tap.fault));
  } catch (error) {
    for (const tap of taps) tap.abort(error);
    throw error;
  }
}
