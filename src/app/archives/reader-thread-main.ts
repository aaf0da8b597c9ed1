import { on } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { distroOf } from '../../distros/families.ts';
import { freeBytes } from '../../model/free-bytes.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import { readArchiveFile } from './ingest-file.ts';
import type { ThreadReply, ThreadRequest } from './reader-thread.ts';

/** The thread of ReaderThread: one archive after the other. */
if (parentPort !== null) {
  const { signal } = new AbortController();
  let policy: Promise<TrustPolicy> | undefined;
  for await (const [request] of on(parentPort, 'message') as AsyncIterable<[ThreadRequest]>) {
    const reply = await facts(request);
    // Moved, not copied: a package may have a million files.
    parentPort.postMessage(reply, reply?.blocks.map(({ buffer }) => buffer as ArrayBuffer) ?? []);
  }

  async function facts({ distro: id, keys, ...file }: ThreadRequest): Promise<ThreadReply> {
    try {
      const distro = await distroOf(id);
      if (keys !== undefined) policy = distro.keys.policy(keys);
      if (policy === undefined) return undefined;
      const read = await readArchiveFile({ signal }, { ...file, distro, policy: await policy });
      const { files, ...facts } = read;
      return { ...facts, blocks: files.blocks.map(({ bytes }) => bytes) };
    } catch {
      return undefined;
    } finally {
      if (typeof file.content !== 'string') freeBytes(file.content);
    }
  }
}
