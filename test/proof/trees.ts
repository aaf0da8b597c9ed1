import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifiedImage } from '../../src/output/verify-image.ts';

/** What a path is, in one comparable line: `file 4755 0:0 1690000000 813 <sha256>`. */
export type Tree = ReadonlyMap<string, string>;

/** What is there on disk; directories without time, which every write below them changes. */
export function treeOfFolder(root: string): Tree {
  const tree = new Map<string, string>();
  const walk = (below: string): void => {
    for (const name of readdirSync(join(root, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const full = join(root, path);
      const stat = lstatSync(full, { bigint: true });
      tree.set(path, lineOnDisk(full, stat));
      if (stat.isDirectory()) walk(path);
    }
  };
  walk('');
  return tree;
}

/** The flattened root of an image, in the same words. */
export function treeOfImage(image: VerifiedImage): Tree {
  return new Map(
    [...image.rootfs].map(([path, entry]) => [
      path,
      line({
        ...entry,
        seconds: Math.floor(entry.mtime),
        device: `${entry.deviceMajor}:${entry.deviceMinor}`,
        content: entry.sha256 || entry.linkTarget,
      }),
    ]),
  );
}

export interface TreeDifference {
  readonly path: string;
  /** Empty: not there */
  readonly one: string;
  readonly other: string;
}

export function differences(one: Tree, other: Tree): readonly TreeDifference[] {
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((path) => one.get(path) !== other.get(path))
    .sort()
    .map((path) => ({ path, one: one.get(path) ?? '', other: other.get(path) ?? '' }));
}

function lineOnDisk(full: string, stat: BigIntStats): string {
  const type = stat.isDirectory()
    ? 'directory'
    : stat.isSymbolicLink()
      ? 'symlink'
      : stat.isFile()
        ? 'file'
        : stat.isCharacterDevice()
          ? 'character'
          : stat.isBlockDevice()
            ? 'block'
            : 'fifo';
  return line({
    type,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    seconds: Number(stat.mtimeMs / 1000n),
    sizeBytes: Number(stat.size),
    device: `${(stat.rdev >> 8n) & 0xfffn}:${(stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)}`,
    content:
      type === 'file'
        ? createHash('sha256').update(readFileSync(full)).digest('hex')
        : type === 'symlink'
          ? readlinkSync(full)
          : '',
  });
}

interface Facts {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly seconds: number;
  readonly sizeBytes: number;
  readonly device: string;
  readonly content: string;
}

function line(facts: Facts): string {
  const owner = `${facts.mode.toString(8)} ${facts.uid}:${facts.gid}`;
  switch (facts.type) {
    case 'directory':
      return `directory ${owner}`;
    case 'symlink':
      return `symlink ${facts.uid}:${facts.gid} ${facts.seconds} ${facts.content}`;
    case 'file':
      return `file ${owner} ${facts.seconds} ${facts.sizeBytes} ${facts.content}`;
    default:
      return `${facts.type} ${owner} ${facts.device}`;
  }
}
