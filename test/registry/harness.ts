import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { parseRepository, type Repository } from '../../src/model/reference.ts';
import type { BlobSource } from '../../src/registry/blobs.ts';
import { openSession } from '../../src/registry/session.ts';
import type { RegistrySession, SessionOptions } from '../../src/registry/types.ts';
import { type FakeRegistry, type RegistrySwitches, startFakeRegistry } from '../fake/registry.ts';

interface TestHooks {
  after(fn: () => Promise<void>): void;
}

/** Nobody's logins: those of the machine that runs the tests are not to be asked for. */
export const nobody = { find: async () => undefined };

export const alice = { kind: 'basic' as const, username: 'alice', password: 'pass:word ünïcode' };

export interface Opened {
  readonly registry: FakeRegistry;
  readonly session: RegistrySession;
  /** `127.0.0.1:PORT/team/app` */
  readonly app: Repository;
}

export async function start(
  t: TestHooks,
  switches: Partial<RegistrySwitches> = {},
  options: SessionOptions = {},
): Promise<Opened> {
  const registry = await startFakeRegistry(t, switches);
  return { registry, session: quickSession(t, options), app: parseRepository(`${registry.host}/team/app`) };
}

/** Whose pauses and silences are short. */
export function quickSession(t: TestHooks, options: SessionOptions = {}): RegistrySession {
  const session = openSession({ credentials: nobody, backoffMs: 1, timeoutMs: 2_000, ...options });
  t.after(() => session.close());
  return session;
}

export interface TestBlob extends BlobSource {
  readonly bytes: Buffer;
  /** Offsets that it was opened at */
  readonly opened: number[];
}

export function blobOf(bytes: Buffer): TestBlob {
  const opened: number[] = [];
  return {
    bytes,
    digest: digestOf(bytes),
    size: bytes.length,
    opened,
    async *open(offset) {
      opened.push(offset);
      for (let at = offset; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
    },
  };
}

/** The same bytes every time. */
export function noise(sizeBytes: number, seed = 'noise'): Buffer {
  const block = createHash('sha512').update(seed).digest();
  return Buffer.alloc(sizeBytes, Buffer.concat([block, createHash('sha512').update(block).digest()]));
}

export function put(registry: FakeRegistry, repository: Repository, bytes: Buffer): TestBlob {
  const blob = blobOf(bytes);
  registry.blobs.set(`${repository.path} ${blob.digest}`, bytes);
  return blob;
}

export const emptyConfig = blobOf(Buffer.from('{}'));

export function manifestOf(blobs: readonly BlobSource[], more: object = {}): Buffer {
  const describe = (mediaType: string, { digest, size }: BlobSource) => ({ mediaType, digest, size });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: describe(MEDIA_TYPES.config, emptyConfig),
      layers: blobs.map((blob) => describe(MEDIA_TYPES.layerGzip, blob)),
      ...more,
    }),
  );
}

export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** An AppError of the code, whose message fits. */
export async function fails(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isAppError(error, code), `expected ${code}, got ${String(error)}`);
    assert.match(error.message, message);
    return true;
  });
}
