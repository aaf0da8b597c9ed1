import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TreeRoot } from '../../src/compose/root.ts';
import { directoryInode, type Inode, Tree } from '../../src/compose/tree.ts';

/** Contents larger than that are not known to the root, as in real facts. */
const MAX_KNOWN_BYTES = 64 * 1024;
const SCRIPT = '.script-under-test';
/** A script that hangs ends the test. */
const TIMEOUT_MS = 20_000;
/** A package's file is older, what a test writes is not. */
const OLD_MS = 24 * 3600 * 1000;

/** A folder of this machine as the root that an installer sees. `time`: seconds, of what is made in it. */
export function rootOfFolder(folder: string, time: number): TreeRoot {
  const tree: Tree = new Tree();
  const root = new TreeRoot(tree, time);
  const inodes = new Map<string, Inode>();
  const walk = (below: string): void => {
    for (const name of readdirSync(join(folder, below))) {
      const path = below === '' ? name : `${below}/${name}`;
      const stat = lstatSync(join(folder, path));
      const key = `${stat.dev}:${stat.ino}`;
      const inode = inodes.get(key) ?? inodeOnDisk(join(folder, path), stat);
      inodes.set(key, inode);
      tree.set(path, inode);
      if (stat.isDirectory()) walk(path);
      else if (stat.isFile() && stat.size <= MAX_KNOWN_BYTES)
        root.know(inode, () => readFileSync(join(folder, path)));
    }
  };
  walk('');
  return root;
}

/** Every path in a line; what was made since `since` (seconds) has the time `now`. */
export function linesOf(tree: Tree, since: number): readonly string[] {
  const names = new Map<Inode, string[]>();
  for (const [path, inode] of tree) names.set(inode, [...(names.get(inode) ?? []), path]);
  return [...tree]
    .map(([path, inode]) => {
      const { type, mode, uid, gid, mtime, sizeBytes } = inode;
      const time = type !== 'file' ? '' : mtime >= since ? ' now' : ` ${Math.floor(mtime)}`;
      const group = names.get(inode) ?? [];
      const links = group.length > 1 ? ` = ${group.sort().join(' ')}` : '';
      const content = `${inode.sha256}${inode.linkTarget}`;
      return `${path} ${type} ${mode.toString(8)} ${uid}:${gid}${time} ${sizeBytes} ${content}${links}`;
    })
    .sort();
}

/** Runs a script with the shell of a copy of the root, as apk does. @returns its exit status and what it left */
export function runReally(
  folder: string,
  script: { readonly text: string; readonly args: readonly string[]; readonly shell: string },
): { readonly status: number; readonly tree: Tree } {
  const copy = `${folder}.run`;
  try {
    assert.equal(spawnSync('cp', ['-a', folder, copy]).status, 0);
    writeFileSync(join(copy, SCRIPT), script.text);
    const { status, error } = spawnSync(
      'chroot',
      [copy, '/bin/sh', '-c', `cd / && exec ${script.shell} "/$0" "$@"`, SCRIPT, ...script.args],
      {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        stdio: ['ignore', 'ignore', 'ignore'],
        timeout: TIMEOUT_MS,
      },
    );
    assert.equal(error, undefined);
    rmSync(join(copy, SCRIPT), { force: true });
    return { status: status ?? -1, tree: rootOfFolder(copy, 0).tree };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function inodeOnDisk(path: string, stat: ReturnType<typeof lstatSync>): Inode {
  assert.ok(stat !== undefined);
  const shared = directoryInode({
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: Number(stat.mtimeMs) / 1000,
  });
  if (stat.isDirectory()) return shared;
  if (stat.isSymbolicLink())
    return { ...shared, type: 'symlink', mode: 0o777, linkTarget: readlinkSync(path) };
  if (!stat.isFile()) return { ...shared, type: stat.isCharacterDevice() ? 'character' : 'fifo' };
  return { ...shared, type: 'file', sizeBytes: Number(stat.size), sha256: hashOf(path, stat) };
}

/** Of old files by name, size and time: copies keep them, and no case of a test writes them that way. */
const hashes = new Map<string, string>();

function hashOf(
  path: string,
  { size, mtimeMs }: { size: number | bigint; mtimeMs: number | bigint },
): string {
  const key = `${basename(path)} ${size} ${mtimeMs}`;
  const known = Number(mtimeMs) < Date.now() - OLD_MS ? hashes.get(key) : undefined;
  const hash = known ?? createHash('sha256').update(readFileSync(path)).digest('hex');
  hashes.set(key, hash);
  return hash;
}
