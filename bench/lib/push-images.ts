import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './measure.ts';
import { saveMemory } from './pushers.ts';
import { compose, fresh, work } from './workbench.ts';

/** 64 packages, as in the part about images. The first image has all of them and more: the second shares them. */
export const SECOND = ['alpine-base', 'git', 'make', 'binutils', 'musl-dev', 'jq', 'openssh', 'chrony'];
export const FIRST = [...SECOND, 'pkgconf'];
/** Cache of whoever composes and pushes; memories of it are kept under names (pushers.ts) */
export const CACHE = 'registries';
const FRESH = 'registries-fresh';

export interface Images {
  /** OCI layout folders */
  readonly first: string;
  readonly second: string;
  /** What of the second is not in the first: install layer, config and manifest */
  readonly newBytes: number;
  /** Of the second; sent once more where it asks which blobs are missing */
  readonly manifestBytes: number;
  /** Of the second */
  readonly layers: number;
  /** Composes and pushes, without a file */
  composeAndPush(packages: readonly string[], reference: string, ...options: readonly string[]): Run;
  /** The second image on a machine that has the repositories' indexes and nothing else */
  composeAfresh(reference: string): Run;
}

/** Composes both, and keeps the memory `nothing`: packages, but no registry. `data`: the folder of the Alpine data */
export function composeImages(data: string): Images {
  const source = sourceOptions(data, data);
  const [first, second] = ([FIRST, SECOND] as const).map((packages, at) => {
    const folder = join(work, `registries-image-${at}`);
    compose(CACHE, ...packages, ...source, '--format', 'oci-dir', '-o', folder);
    return folder;
  }) as [string, string];
  saveMemory(CACHE, 'nothing');
  const indexes = copyIndexes(data);
  const blobs = (folder: string): readonly string[] => readdirSync(join(folder, 'blobs/sha256'));
  const known = new Set(blobs(first));
  const all = blobs(second);
  return {
    first,
    second,
    newBytes: all
      .filter((name) => !known.has(name))
      .reduce((sum, name) => sum + statSync(join(second, 'blobs/sha256', name)).size, 0),
    manifestBytes: JSON.parse(readFileSync(join(second, 'index.json'), 'utf8')).manifests[0].size,
    // Config and manifest are files there too.
    layers: all.length - 2,
    composeAndPush: (packages, reference, ...options) =>
      compose(CACHE, ...packages, ...source, '--push', reference, ...options),
    composeAfresh(reference) {
      fresh(FRESH);
      const [host] = reference.split('/') as [string];
      const words = [...sourceOptions(indexes, data), '--push', reference, ...storeOptions(reference)];
      const pulled = compose(FRESH, 'catalog', 'pull', catalogOf(host), '--trust-catalog');
      const pushed = compose(FRESH, ...SECOND, ...words);
      return {
        seconds: pulled.seconds + pushed.seconds,
        peakMiB: Math.max(pulled.peakMiB, pushed.peakMiB),
      };
    },
  };
}

const REPOSITORIES = ['v3.19-iso/x86_64', 'v3.19-pool/x86_64'];

function sourceOptions(repositories: string, data: string): readonly string[] {
  const folders = REPOSITORIES.flatMap((name) => ['--repo', join(repositories, name)]);
  const trust = ['--keyring', join(data, 'keys'), '--allow-untrusted'];
  return ['--distro', 'alpine', '--arch', 'x86_64', ...folders, ...trust];
}

/** The indexes without the archives. */
function copyIndexes(data: string): string {
  const folder = join(work, 'registries-indexes');
  for (const name of REPOSITORIES) {
    cpSync(join(data, name, 'APKINDEX.tar.gz'), join(folder, name, 'APKINDEX.tar.gz'));
  }
  return folder;
}

export const catalogOf = (host: string): string => `${host}/catalog:1`;

export const storeOptions = (reference: string): readonly string[] => [
  '--store',
  `${reference.split('/')[0]}/packages`,
];
