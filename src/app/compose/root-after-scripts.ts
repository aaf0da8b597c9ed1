import { createReadStream } from 'node:fs';
import { inodeOf, Tree } from '../../compose/tree.ts';
import { readLayer } from '../../output/verify-layer.ts';
import type { Context } from '../context.ts';
import type { FinishedRoot } from './config-check.ts';
import type { LayerBlob } from './layer-blobs.ts';

const WHITEOUT = '.wh.';
/** Files that are read, since they list the users that a container may run as. */
const READ = ['etc/passwd', 'etc/group'];

/**
 * Returns the root of a container on `stack` and a layer in which scripts have run, read from the layer's blob. Files that are
 * not in the layer are as they were `before`.
 */
export async function rootAfterScripts(
  context: Context,
  layer: LayerBlob,
  { stack, before }: { readonly stack: Tree; readonly before: FinishedRoot },
): Promise<FinishedRoot> {
  await context.remote?.ensureLocal({ digest: layer.digest, size: layer.sizeBytes });
  const source = {
    blob: () => createReadStream(context.store.get(layer.digest), { signal: context.signal }),
  };
  const { entries, contents } = await readLayer(
    source,
    { digest: layer.digest, size: layer.sizeBytes, mediaType: layer.mediaType },
    { index: 0, advance() {}, keep: (path) => READ.includes(path) },
  );
  const tree = new Tree(stack);
  for (const entry of entries) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    if (name.startsWith(WHITEOUT)) {
      const hidden = entry.path.slice(0, -name.length) + name.slice(WHITEOUT.length);
      tree.removeBelow(hidden);
      tree.delete(hidden);
    } else if (entry.type === 'hardlink') {
      const target = tree.get(entry.linkTarget);
      if (target !== undefined) tree.set(entry.path, target);
    } else {
      if (entry.type !== 'directory') tree.removeBelow(entry.path);
      tree.set(entry.path, inodeOf(entry, layer.digest));
    }
  }
  return { tree, read: (path) => contents.get(path) ?? (tree.has(path) ? before.read(path) : undefined) };
}
