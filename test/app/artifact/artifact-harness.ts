import { gzipSync } from 'node:zlib';
import { type ArtifactFetchRequest, fetchArtifact } from '../../../src/app/artifact/fetch.ts';
import { type ArtifactPullRequest, pullArtifact } from '../../../src/app/artifact/pull.ts';
import { type ArtifactPushRequest, pushArtifact } from '../../../src/app/artifact/push.ts';
import { PLAIN_ACCESS, type RegistryContext } from '../../../src/app/registries/sessions.ts';
import type { TarRecord } from '../../../src/archive/tar-writer.ts';
import type {
  ArtifactFetchReport,
  ArtifactPullReport,
  ArtifactPushReport,
} from '../../../src/model/artifact-report.ts';
import { type Digest, digestOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { type FakeRegistry, type RegistrySwitches, startFakeRegistry } from '../../fake/registry.ts';
import { packTar } from '../../fixtures/pack-tar.ts';
import { tempDir } from '../../fixtures/temp.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

export const TITLE = 'org.opencontainers.image.title';
export const UNPACK = { 'io.deis.oras.content.unpack': 'true' };

export interface Artifacts {
  readonly registry: FakeRegistry;
  /** `127.0.0.1:PORT/dist/hello` */
  readonly name: string;
  /** An empty folder */
  readonly folder: string;
  readonly notes: string[];
  push(request: Partial<ArtifactPushRequest>): Promise<ArtifactPushReport>;
  pull(request?: Partial<ArtifactPullRequest>): Promise<ArtifactPullReport>;
  fetch(location: string, request?: Partial<ArtifactFetchRequest>): Promise<ArtifactFetchReport>;
  /** Puts a blob into the repository, whatever it is. */
  blob(bytes: Buffer): Digest;
  /** Puts an artifact of these layers under the tag `1`. */
  manifest(layers: readonly FakeLayer[], more?: object): Digest;
}

export interface FakeLayer {
  /** Without: a layer that says `digest` and `size` but whose blob is nowhere */
  readonly bytes?: Buffer;
  readonly digest?: string;
  readonly size?: number;
  readonly title?: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Artifacts in a registry in memory. `host`: of a proxy before it */
export async function startArtifacts(
  t: TestHooks,
  options: { readonly switches?: Partial<RegistrySwitches>; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Artifacts> {
  const registry = await startFakeRegistry(t, options.switches ?? {});
  const folder = tempDir(t);
  const notes: string[] = [];
  const context: RegistryContext = {
    env: { HOME: folder, ...options.env },
    progress: { ...silentProgress, note: (message) => notes.push(message) },
    signal: new AbortController().signal,
  };
  const path = 'dist/hello';
  const name = `${registry.host}/${path}`;
  const access = PLAIN_ACCESS;
  const blob = (bytes: Buffer): Digest => {
    const digest = digestOf(bytes);
    registry.blobs.set(`${path} ${digest}`, bytes);
    return digest;
  };
  return {
    registry,
    name,
    folder,
    notes,
    blob,
    push: (request) =>
      pushArtifact(context, {
        reference: `${name}:1`,
        files: [],
        artifactType: '',
        annotations: {},
        subject: '',
        access,
        ...request,
      }),
    pull: (request) =>
      pullArtifact(context, {
        reference: `${name}:1`,
        titles: [],
        output: folder,
        platform: '',
        unpack: true,
        keepOldFiles: false,
        access,
        ...request,
      }),
    fetch: (location, request) =>
      fetchArtifact(context, {
        location,
        output: folder,
        platform: '',
        keepOldFiles: false,
        access,
        ...request,
      }),
    manifest(layers, more = {}) {
      const config = Buffer.from('{}');
      const bytes = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.manifest,
          artifactType: 'application/vnd.test',
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: blob(config), size: 2 },
          layers: layers.map((layer) => ({
            mediaType: layer.mediaType ?? MEDIA_TYPES.layerTar,
            digest: layer.digest ?? blob(layer.bytes ?? Buffer.alloc(0)),
            size: layer.size ?? layer.bytes?.length ?? 0,
            annotations: {
              ...(layer.title === undefined ? {} : { [TITLE]: layer.title }),
              ...layer.annotations,
            },
          })),
          ...more,
        }),
      );
      const digest = digestOf(bytes);
      const kept = { mediaType: MEDIA_TYPES.manifest, bytes };
      registry.manifests.set(`${path} 1`, kept);
      registry.manifests.set(`${path} ${digest}`, kept);
      return digest;
    },
  };
}

export type Member = Partial<TarRecord> & { readonly path: string; readonly content?: Buffer };

export const tarOf = (members: readonly Member[]): Buffer =>
  packTar(members.map((member) => ({ type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 1000, ...member })));

/** A folder's archive, as a layer. */
export const folderLayer = (title: string, members: readonly Member[]): FakeLayer => ({
  bytes: gzipSync(tarOf(members)),
  title,
  mediaType: MEDIA_TYPES.layerGzip,
  annotations: UNPACK,
});
