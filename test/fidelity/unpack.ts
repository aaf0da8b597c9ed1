import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LayerEncoding, OutputFormat } from '../../src/model/request.ts';
import { podmanEnv, startDocker, type TestEngine } from '../fixtures/engine.ts';
import { runOk } from './real-tool.ts';

/** Somebody else's program that makes a tree of an image. */
export interface Unpacker {
  readonly name: string;
  readonly format: OutputFormat;
  /** umoci 0.4 and docker 20 read no zstd layers. */
  readonly encoding: LayerEncoding;
  /** `root` is made. The image is IMAGE. */
  unpack(image: string, root: string): Promise<void>;
}

export const IMAGE = 'fidelity/set:1';

/** Layers one over another, and no more: umoci without its bundle. */
export const umoci: Unpacker = {
  name: 'umoci',
  format: 'oci-dir',
  encoding: 'gzip',
  async unpack(image, root) {
    await runOk('umoci', ['raw', 'unpack', '--image', `${image}:${IMAGE}`, root]);
  },
};

interface Hooks {
  after(fn: () => void | Promise<void>): void;
  diagnostic(message: string): void;
}

/** A docker of our own, until the hooks end. Undefined, and why printed, where that is not possible. */
export async function dockerUnpacker(hooks: Hooks): Promise<Unpacker | undefined> {
  const docker = await startDocker(hooks);
  if (docker === undefined) return undefined;
  return {
    name: 'docker',
    format: 'tar',
    encoding: 'gzip',
    async unpack(image, root) {
      docker.run(['load', '-q', '-i', image]);
      const { Name, Data } = JSON.parse(
        docker.run(['image', 'inspect', '-f', '{{json .GraphDriver}}', IMAGE]),
      );
      if (Name !== 'overlay2') throw new Error(`docker stores layers with ${Name}, expected overlay2`);
      await copyOverlay([Data.UpperDir, ...(Data.LowerDir?.split(':') ?? [])], root);
      docker.run(['image', 'rm', '-f', IMAGE]);
    },
  };
}

export async function podmanUnpacker(hooks: Hooks): Promise<Unpacker | undefined> {
  const podman = await podmanEnv(hooks);
  if (podman === undefined) return undefined;
  return {
    name: 'podman',
    format: 'tar',
    encoding: 'keep',
    async unpack(image, root) {
      podman.run(['load', '-q', '-i', image]);
      await copyMounted(podman.run(['image', 'mount', IMAGE]).trim(), root);
      unmount(podman);
    },
  };
}

function unmount(podman: TestEngine): void {
  podman.run(['image', 'unmount', IMAGE]);
  podman.run(['image', 'rm', '-f', IMAGE]);
}

/** Mounts docker's layers, the uppermost first, as docker does: by their short names, for a mount's options end at 4 KiB. */
async function copyOverlay(layers: readonly string[], root: string): Promise<void> {
  const store = dirname(dirname(layers[0] as string));
  const short = layers.map((layer) => `l/${readFileSync(join(dirname(layer), 'link'), 'utf8')}`);
  const mounted = `${root}.mounted`;
  mkdirSync(mounted);
  // overlayfs wants two layers of those it only reads.
  mkdirSync(`${root}.empty`);
  const lower = [...short, `${root}.empty`].join(':');
  await runOk('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${lower}`, mounted], store);
  try {
    await copyMounted(mounted, root);
  } finally {
    await runOk('umount', [mounted]);
  }
}

async function copyMounted(mounted: string, root: string): Promise<void> {
  mkdirSync(root);
  await runOk('cp', ['-a', '--preserve=all', `${mounted}/.`, root]);
}
