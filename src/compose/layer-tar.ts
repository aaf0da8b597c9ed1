import { TAR_END, type TarRecord, tarHeader, tarPadding } from '../archive/tar-writer.ts';
import type { Change } from './difference.ts';
import type { Content, Inode } from './tree.ts';

/** Hands out a file's bytes in chunks. */
export type ContentReader = (content: Content) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The layer's uncompressed tar. Same changes, same bytes. `time` (seconds) is the mtime of whiteouts. */
export async function* layerTar(
  changes: readonly Change[],
  options: { readonly read: ContentReader; readonly time: number },
): AsyncGenerator<Uint8Array> {
  const inodes = new Map<string, Inode>();
  for (const change of changes) {
    if (change.kind === 'whiteout') {
      yield tarHeader({ path: change.path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: options.time });
    } else if (change.kind === 'link') {
      const inode = inodes.get(change.target) as Inode;
      yield tarHeader({
        ...recordOf(change.path, inode),
        type: 'hardlink',
        linkTarget: change.target,
        sizeBytes: 0,
      });
    } else {
      inodes.set(change.path, change.inode);
      yield tarHeader(recordOf(change.path, change.inode));
      if (change.inode.content !== undefined) {
        yield* options.read(change.inode.content);
        yield tarPadding(change.inode.sizeBytes);
      }
    }
  }
  yield TAR_END;
}

function recordOf(path: string, inode: Inode): TarRecord {
  return {
    path,
    type: inode.type,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    mtime: inode.mtime,
    linkTarget: inode.linkTarget,
    deviceMajor: inode.deviceMajor,
    deviceMinor: inode.deviceMinor,
    xattrs: inode.xattrs,
    sizeBytes: inode.sizeBytes,
  };
}
