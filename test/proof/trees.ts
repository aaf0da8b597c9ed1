import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { decodePath } from '../../src/model/path-bytes.ts';
import type { VerifiedImage } from '../output/verify-image.ts';

/** All that is compared of a path. */
export interface PathFacts {
  readonly type: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';
  readonly mode: number;
  /** Numbers as on disk; names where a comparison put them in their place */
  readonly uid: number | string;
  readonly gid: number | string;
  /** Whole seconds since the epoch; `now`: the time of the install, whenever that was */
  readonly mtime: number | 'now';
  readonly sizeBytes: number;
  /** `major:minor` */
  readonly device: string;
  /** File: lower-case hex SHA-256; symlink: its target; else empty */
  readonly content: string;
  /** The first path, in order of names, of the same file; empty where it has one name. */
  readonly group: string;
  /** Values base64 */
  readonly xattrs: Readonly<Record<string, string>>;
}

/** By path, without leading slash; bytes that are no UTF-8 as in model/path-bytes.ts. */
export type Facts = ReadonlyMap<string, PathFacts>;

/** What a path is, in one comparable line: `file 4755 0:0 1690000000 813 <sha256>`. */
export type Tree = ReadonlyMap<string, string>;

/** What is there on disk. Reading xattrs takes python3. */
export function factsOfFolder(root: string): Facts {
  const facts = new Map<string, PathFacts>();
  const xattrs = xattrsBelow(root);
  const inodes = new Map<string, string[]>();
  const walk = (below: Buffer): void => {
    const folder = below.length === 0 ? Buffer.from(root) : join(Buffer.from(root), below);
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const full = join(folder, name);
      const bytes = below.length === 0 ? name : join(below, name);
      const path = decodePath(bytes);
      const stat = lstatSync(full);
      facts.set(path, onDisk(full, stat, xattrs.get(path) ?? {}));
      if (stat.isDirectory()) walk(bytes);
      else if (stat.nlink > 1) {
        const inode = `${stat.dev}:${stat.ino}`;
        inodes.set(inode, [...(inodes.get(inode) ?? []), path]);
      }
    }
  };
  walk(Buffer.alloc(0));
  return withGroups(facts, inodes.values());
}

/** The flattened root of an image, in the same words. */
export function factsOfImage(image: VerifiedImage): Facts {
  const facts = new Map<string, PathFacts>();
  const names = new Map<string, string[]>();
  for (const [path, entry] of image.rootfs) {
    facts.set(path, {
      type: entry.type,
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      mtime: Math.floor(entry.mtime),
      sizeBytes: entry.sizeBytes,
      device: `${entry.deviceMajor}:${entry.deviceMinor}`,
      content: entry.sha256 || entry.linkTarget,
      group: '',
      xattrs: entry.xattrs,
    });
    if (entry.type === 'directory') continue;
    const first = entry.hardLinkOf || path;
    names.set(first, [...(names.get(first) ?? []), path]);
  }
  return withGroups(facts, names.values());
}

export function treeOfFacts(facts: Facts): Tree {
  return new Map([...facts].map(([path, one]) => [path, line(one)]));
}

export function treeOfFolder(root: string): Tree {
  return treeOfFacts(factsOfFolder(root));
}

export function treeOfImage(image: VerifiedImage): Tree {
  return treeOfFacts(factsOfImage(image));
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

/** Directories without time, which every write below them changes. */
function line(facts: PathFacts): string {
  const { type, content } = facts;
  const mode = facts.mode.toString(8);
  const owner = `${facts.uid}:${facts.gid}`;
  const words: readonly (string | number)[] =
    type === 'directory'
      ? [type, mode, owner]
      : type === 'symlink'
        ? [type, owner, facts.mtime, content]
        : type === 'file'
          ? [type, mode, owner, facts.mtime, facts.sizeBytes, content]
          : [type, mode, owner, facts.mtime, facts.device];
  const group = facts.group === '' ? '' : ` = ${facts.group}`;
  const xattrs = Object.entries(facts.xattrs)
    .sort()
    .map(([name, value]) => ` ${name}=${value}`);
  return `${words.join(' ')}${group}${xattrs.join('')}`;
}

function withGroups(facts: Map<string, PathFacts>, groups: Iterable<readonly string[]>): Facts {
  for (const members of groups) {
    if (members.length < 2) continue;
    const group = [...members].sort()[0] as string;
    for (const path of members) facts.set(path, { ...(facts.get(path) as PathFacts), group });
  }
  return facts;
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function onDisk(full: Buffer, stat: Stats, xattrs: PathFacts['xattrs']): PathFacts {
  const type = typeOf(stat);
  const isDevice = type === 'character' || type === 'block';
  return {
    type,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    mtime: Math.floor(stat.mtimeMs / 1000),
    sizeBytes: type === 'file' ? stat.size : 0,
    device: isDevice ? deviceOf(BigInt(stat.rdev)) : '0:0',
    content: type === 'file' ? hashOf(full) : type === 'symlink' ? decodePath(readlinkBytes(full)) : '',
    group: '',
    xattrs,
  };
}

function typeOf(stat: Stats): PathFacts['type'] {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFile()) return 'file';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'socket';
}

/** Linux, makedev(3). */
function deviceOf(rdev: bigint): string {
  return `${(rdev >> 8n) & 0xfffn}:${(rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n)}`;
}

function readlinkBytes(full: Buffer): Buffer {
  return readlinkSync(full, { encoding: 'buffer' });
}

const PIECE = Buffer.alloc(1 << 20);

function hashOf(full: Buffer): string {
  const hash = createHash('sha256');
  const file = openSync(full, 'r');
  try {
    for (;;) {
      const got = readSync(file, PIECE);
      if (got === 0) return hash.digest('hex');
      hash.update(PIECE.subarray(0, got));
    }
  } finally {
    closeSync(file);
  }
}

/** Node.js cannot read them. Prints path, name, value, each ended by NUL; the value in base64. */
const LIST_XATTRS = `
import base64, os, sys
root = os.fsencode(sys.argv[1])
def show(path):
    for name in os.listxattr(path, follow_symlinks=False):
        value = base64.b64encode(os.getxattr(path, name, follow_symlinks=False))
        sys.stdout.buffer.write(b''.join(part + b'\\0' for part in (path[len(root) + 1:], os.fsencode(name), value)))
for folder, folders, files in os.walk(root):
    for name in folders + files:
        show(os.path.join(folder, name))
`;

function xattrsBelow(root: string): ReadonlyMap<string, Record<string, string>> {
  const { status, stdout, stderr, error } = spawnSync('python3', ['-c', LIST_XATTRS, root], {
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`cannot read xattrs: ${error?.message ?? stderr}`);
  const found = new Map<string, Record<string, string>>();
  const parts: Buffer[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf(0, at);
    parts.push(stdout.subarray(at, end));
    at = end + 1;
  }
  for (let at = 0; at < parts.length; at += 3) {
    const [path, name, value] = parts.slice(at, at + 3).map(decodePath) as [string, string, string];
    found.set(path, { ...found.get(path), [name]: value });
  }
  return found;
}
