import { readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path/posix';
import { digestOf } from '../../src/model/digest.ts';
import type { RootfsEntry } from '../../src/output/rootfs-node.ts';
import { type VerifiedImage, verifyImage } from '../output/verify-image.ts';
import { CommandError } from './terminal.ts';

/** More links in a row than any package has: a loop. */
const MAX_LINKS = 16;
const NEEDED = ['usr/bin/gcc', 'bin/sh', 'usr/include/stdio.h', '.pkg/install.sh', 'etc/passwd'];

type Rootfs = ReadonlyMap<string, RootfsEntry>;

/** The path with every symlink on the way followed; undefined when it leads nowhere. */
function realPath(rootfs: Rootfs, path: string, links = 0): string | undefined {
  const parts = normalize(`/${path}`).split('/').filter(Boolean);
  for (let at = 1; at <= parts.length; at++) {
    const prefix = parts.slice(0, at).join('/');
    const entry = rootfs.get(prefix);
    if (entry === undefined || links > MAX_LINKS) return undefined;
    if (entry.type !== 'symlink') continue;
    const target = entry.linkTarget.startsWith('/')
      ? entry.linkTarget
      : `${dirname(prefix)}/${entry.linkTarget}`;
    return realPath(rootfs, `${target}/${parts.slice(at).join('/')}`, links + 1);
  }
  return parts.join('/');
}

function digestsOf(archives: readonly string[]): ReadonlySet<string> {
  return new Set(archives.map((path) => digestOf(readFileSync(path))));
}

function describe(image: VerifiedImage, archives: readonly string[]): void {
  const own = digestsOf(archives);
  const unmodified = image.layers.filter((layer) => own.has(layer.digest)).length;
  const sizeBytes = image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
  console.log(
    `  ${image.layers.length} layers, ${(sizeBytes / 1e6).toFixed(1)} MB: digests, sizes and diffIDs are right`,
  );
  console.log(`  ${unmodified} of them are, byte for byte, packages of the mirror`);
  console.log(`  ${image.rootfs.size} paths in the root file system`);
}

/**
 * Checks an image where no engine can: all its digests, and that what a C compiler needs is in its file system.
 * @throws CommandError when it is not; AppError as verifyImage does
 */
export async function checkImage(path: string, archives: readonly string[]): Promise<void> {
  const image = await verifyImage(path);
  describe(image, archives);
  for (const name of NEEDED) {
    const found = realPath(image.rootfs, name);
    if (found === undefined) throw new CommandError(`${path}: no /${name} in the image`);
    console.log(`  /${name}${found === name ? '' : ` → /${found}`}`);
  }
  const left = [...image.rootfs.keys()].filter((name) => /^\.(PKGINFO|SIGN\.|MTREE|BUILDINFO)/.test(name));
  if (left.length > 0) throw new CommandError(`${path}: package metadata in the root: ${left.join(', ')}`);
}
