import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import type { Origin } from '../../../src/server/content.ts';
import type { Identity, Service } from '../../../src/server/http/exchange.ts';
import { listen } from '../../../src/server/http/listen.ts';
import type { RegistryOptions } from '../../../src/server/registry/registry.ts';
import { registryService } from '../../../src/server/registry/registry-service.ts';
import { StoredContent } from '../../../src/server/registry/stored-content.ts';
import { tempDir } from '../../fixtures/temp.ts';

export interface TestServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly directory: string;
  readonly stored: StoredContent;
  send(method: string, path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>;
}

/** A registry in this process, closed after the test; in a folder of an earlier one, it has what that had. */
export async function startServer(
  t: TestContext,
  options: Partial<RegistryOptions> & {
    readonly directory?: string;
    /** Asked before what is stored */
    readonly before?: (stored: StoredContent) => readonly Origin[];
    /** Answers below `/compose` */
    readonly compose?: () => Service;
    /** Tells what clients may do; default: everything */
    readonly may?: Identity['may'];
  } = {},
): Promise<TestServer> {
  const { directory = tempDir(t), before, compose, may = () => true, ...more } = options;
  const stored = new StoredContent(directory);
  const origins = [...(before?.(stored) ?? []), stored];
  const service = registryService({ origins, stored, ...more });
  const guarded: Service = {
    handle(exchange) {
      exchange.identity = { name: '', may };
      const chosen = exchange.path === '/compose' ? compose?.() : undefined;
      return (chosen ?? service).handle(exchange);
    },
  };
  const { url, close } = await listen(guarded, { host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await close(0);
    await stored.close();
  });
  const send: TestServer['send'] = (method, path, init) =>
    fetch(new URL(path, url), { method, redirect: 'manual', ...init });
  return { url, host: new URL(url).host, directory, stored, send };
}

export function digestOf(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** What sends requests to a registry. */
type Sender = Pick<TestServer, 'send'>;

/** Pushes a blob, and returns its digest. */
export async function pushBlob(
  server: Sender,
  repository: string,
  bytes: Uint8Array | string,
): Promise<string> {
  const digest = digestOf(bytes);
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
  const response = await server.send('POST', path, { body: bytes as NonNullable<RequestInit['body']> });
  if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return digest;
}

export interface Pushed {
  readonly digest: string;
  readonly text: string;
  readonly response: Response;
}

/** Pushes a manifest under a tag or its digest (`by` undefined). */
export async function pushManifest(
  server: Sender,
  repository: string,
  { by, manifest, query = '' }: { readonly by?: string; readonly manifest: object; readonly query?: string },
): Promise<Pushed> {
  const text = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, ...manifest });
  const digest = digestOf(text);
  const response = await server.send('PUT', `/v2/${repository}/manifests/${by ?? digest}${query}`, {
    headers: { 'content-type': JSON.parse(text).mediaType },
    body: text,
  });
  return { digest, text, response };
}

/** Descriptor of bytes. */
export function descriptorOf(bytes: Uint8Array | string, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: Buffer.byteLength(bytes) };
}

/** Pushes an image with one layer, and returns its manifest. */
export async function pushImage(
  server: Sender,
  repository: string,
  { by, layer = 'a layer', ...fields }: { by?: string; layer?: string } & Record<string, unknown> = {},
): Promise<Pushed> {
  await pushBlob(server, repository, '{}');
  await pushBlob(server, repository, layer);
  const manifest = {
    config: descriptorOf('{}', MEDIA_TYPES.config),
    layers: [descriptorOf(layer, MEDIA_TYPES.layerTar)],
    ...fields,
  };
  const pushed = await pushManifest(server, repository, { ...(by === undefined ? {} : { by }), manifest });
  if (pushed.response.status !== 201) throw new Error(await pushed.response.text());
  return pushed;
}

/** Codes of an error answer. */
export async function codesOf(response: Response): Promise<readonly string[]> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return errors.map(({ code }) => code);
}
