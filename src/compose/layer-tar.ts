import { PieceBuffer } from '../archive/piece-buffer.ts';
import { TAR_END, type TarRecord, tarHeader, tarPadding } from '../archive/tar-writer.ts';
import type { Digest } from '../model/digest.ts';
import { required } from '../model/required.ts';
import type { Change } from './difference.ts';
import type { Inode } from './tree.ts';

/** A range of an archive's uncompressed tar. */
export interface ByteRange {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Sources of contents, and the time of whiteouts. */
export interface LayerTarOptions {
  /** Yields the bytes of ranges, which are in rising order; a piece never spans two ranges. */
  readonly read: (archive: Digest, ranges: readonly ByteRange[]) => AsyncIterable<Uint8Array>;
  /** Yields the bytes of a local file. @throws AppError INTEGRITY if it has another size */
  readonly readFile: (path: string, sizeBytes: number) => AsyncIterable<Uint8Array>;
  /** Modification time of whiteouts, in seconds since the epoch */
  readonly time: number;
}

/**
 * Yields a layer's uncompressed tar in pieces of about 256 KiB. The same changes give the same bytes. Parents come before their entries; copied files are in
 * the order of their archive, so that each archive is read once, in one direction; links and whiteouts come last.
 */
export async function* layerTar(
  changes: readonly Change[],
  options: LayerTarOptions,
): AsyncGenerator<Uint8Array> {
  const copies = new Map<Digest, Copy[]>();
  const inodes = new Map<string, Inode>();
  const out = new PieceBuffer();
  for (const change of changes) {
    if (change.kind !== 'put') continue;
    const { path, inode } = change;
    inodes.set(path, inode);
    const content = inode.content;
    if (content?.kind === 'archive' && inode.sizeBytes > 0) {
      const copy = { path, inode, offset: content.offset, sizeBytes: inode.sizeBytes };
      const known = copies.get(content.digest);
      if (known === undefined) copies.set(content.digest, [copy]);
      else known.push(copy);
    } else {
      out.add(tarHeader(recordOf(path, inode)));
      if (content?.kind === 'bytes') {
        out.add(content.bytes);
        out.add(tarPadding(content.bytes.length));
      } else if (content?.kind === 'file') {
        for await (const bytes of options.readFile(content.path, inode.sizeBytes)) {
          out.add(bytes);
          if (out.isFull) yield out.take();
        }
        out.add(tarPadding(inode.sizeBytes));
      }
      if (out.isFull) yield out.take();
    }
  }
  for (const [digest, group] of copies) {
    const inOrder = group.sort((a, b) => a.offset - b.offset);
    yield* copyGroup(inOrder, options.read(digest, inOrder), out);
  }
  for (const change of changes) {
    if (change.kind !== 'link') continue;
    const inode = required(inodes, change.target);
    out.add(
      tarHeader({
        ...recordOf(change.path, inode),
        type: 'hardlink',
        linkTarget: change.target,
        sizeBytes: 0,
      }),
    );
    if (out.isFull) yield out.take();
  }
  for (const change of changes) {
    if (change.kind !== 'whiteout') continue;
    out.add(tarHeader({ path: change.path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: options.time }));
    if (out.isFull) yield out.take();
  }
  out.add(TAR_END);
  yield out.take();
}

interface Copy extends ByteRange {
  readonly path: string;
  readonly inode: Inode;
}

async function* copyGroup(
  group: readonly Copy[],
  contents: AsyncIterable<Uint8Array>,
  out: PieceBuffer,
): AsyncGenerator<Uint8Array> {
  let next = 0;
  let missing = 0;
  for await (const bytes of contents) {
    if (missing === 0) {
      const copy = required(group, next);
      next += 1;
      missing = copy.sizeBytes;
      out.add(tarHeader(recordOf(copy.path, copy.inode)));
    }
    out.add(bytes);
    missing -= bytes.length;
    if (missing === 0) out.add(tarPadding(required(group, next - 1).sizeBytes));
    if (out.isFull) yield out.take();
  }
  if (missing !== 0 || next !== group.length) throw new Error(`an archive is ${missing} bytes too short`);
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
