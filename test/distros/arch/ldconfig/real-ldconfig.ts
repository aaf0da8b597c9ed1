import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { TreeRoot } from '../../../../src/compose/root.ts';
import { Tree } from '../../../../src/compose/tree.ts';
import { applyKnownStep } from '../../../../src/distros/arch/known-step.ts';
import { LinkerScan } from '../../../../src/distros/arch/ldconfig/linker-scan.ts';
import type { InstalledPackage } from '../../../../src/distros/install.ts';
import { sharedData } from '../../../fixtures/shared.ts';
import { installed } from '../installed.ts';

/** path → content; a directory ends in `/`, `-> target` is a symlink; parents are made. */
export type Files = Readonly<Record<string, Buffer | string>>;

/** A program that may be run, and the glibc that it is of. */
export interface RealLdconfig {
  readonly program: string;
  readonly version: string;
}

const POOL_GLIBC = 'data/arch/2017.12/x86_64/glibc-2.26-8-x86_64.pkg.tar.zst';

/** Of this machine, where it is one whose system folders are Arch's in a root that has `usr/lib` alone. */
export function machineLdconfig(): RealLdconfig | undefined {
  const program = '/sbin/ldconfig';
  if (!existsSync(program) || process.getuid?.() !== 0 || process.arch !== 'x64') return undefined;
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const version = /^ldconfig \(.*GLIBC.*\) (2\.\d+)$/m.exec(stdout ?? '')?.[1];
  return version === undefined ? undefined : { program, version: `${version}-1` };
}

/** Arch's of 2017, from the shared data. */
export function archLdconfig(folder: string): RealLdconfig | undefined {
  const archive = sharedData(POOL_GLIBC);
  if (archive === undefined || process.getuid?.() !== 0 || process.arch !== 'x64') return undefined;
  const { status } = spawnSync('tar', ['--zstd', '-xf', archive, '-C', folder, 'usr/bin/ldconfig']);
  return status === 0 ? { program: join(folder, 'usr/bin/ldconfig'), version: '2.26-8' } : undefined;
}

/** One line a path: what the program leaves of the files. */
export function whatRealLeaves(
  { program }: RealLdconfig,
  files: Files,
  scratch: string,
): Map<string, string> {
  const root = mkdtempSync(join(scratch, 'root-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      const full = join(root, path);
      mkdirSync(path.endsWith('/') ? full : dirname(full), { recursive: true });
      if (typeof content === 'string' && content.startsWith('-> ')) symlinkSync(content.slice(3), full);
      else if (!path.endsWith('/')) writeFileSync(full, content);
    }
    const { status, stderr } = spawnSync(program, ['-r', root], { encoding: 'utf8', env: { LC_ALL: 'C' } });
    assert.equal(status, 0, stderr);
    return linesOfFolder(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The same of ours; a string: why it is not known. */
export function whatWeLeave(real: RealLdconfig, files: Files, chunkBytes = 0): Map<string, string> | string {
  const root = new TreeRoot(new Tree(), 0);
  const scan = new LinkerScan();
  const program = readFileSync(real.program);
  for (const [path, content] of Object.entries({
    ...files,
    'usr/bin/ldconfig': program,
    sbin: '-> usr/bin',
  })) {
    if (path.endsWith('/')) root.put(path.slice(0, -1), { type: 'directory', mode: 0o755 });
    else if (typeof content === 'string' && content.startsWith('-> '))
      root.put(path, { type: 'symlink', linkTarget: content.slice(3) });
    else {
      const bytes = Buffer.from(content);
      root.put(path, { type: 'file', mode: 0o755, content: bytes });
      scanned(scan, path, bytes, chunkBytes === 0 ? bytes.length : chunkBytes);
    }
  }
  const why = applyKnownStep({ kind: 'ldconfig' }, root, [glibc(real.version, scan)]);
  if (why !== undefined) return why;
  for (const path of ['usr/bin/ldconfig', 'sbin']) root.remove(path);
  if (root.list('usr/bin').length === 0) root.remove('usr/bin');
  return linesOfRoot(root);
}

export function scanned(scan: LinkerScan, path: string, content: Buffer, chunkBytes: number): void {
  const one = scan.file(path, content.length);
  for (let at = 0; at < content.length; at += chunkBytes) one?.write(content.subarray(at, at + chunkBytes));
  one?.end(createHash('sha256').update(content).digest('hex'));
}

export function glibc(version: string, scan: LinkerScan): InstalledPackage {
  const { facts, ...more } = installed({ name: 'glibc', version });
  return { ...more, facts: { ...facts, architecture: 'x86_64', linker: scan.facts() } };
}

function linesOfFolder(root: string, below = ''): Map<string, string> {
  const lines = new Map<string, string>();
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const stat = lstatSync(join(root, path));
    if (stat.isDirectory()) {
      lines.set(path, `directory ${path === 'var/cache/ldconfig' ? (stat.mode & 0o7777).toString(8) : ''}`);
      for (const [inner, line] of linesOfFolder(root, path)) lines.set(inner, line);
    } else if (stat.isSymbolicLink()) lines.set(path, `-> ${readlinkSync(join(root, path))}`);
    else lines.set(path, line(path, stat.mode, readFileSync(join(root, path))));
  }
  lines.delete('var/cache/ldconfig/aux-cache');
  return lines;
}

function linesOfRoot(root: TreeRoot): Map<string, string> {
  const lines = new Map<string, string>();
  for (const [path, inode] of [...root.tree].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (inode.type === 'directory')
      lines.set(path, `directory ${path === 'var/cache/ldconfig' ? inode.mode.toString(8) : ''}`);
    else if (inode.type === 'symlink') lines.set(path, `-> ${inode.linkTarget}`);
    else lines.set(path, line(path, inode.mode, Buffer.from(root.read(path) ?? [])));
  }
  return lines;
}

/** The cache whole, so that a difference can be read. */
function line(path: string, mode: number, content: Buffer): string {
  if (path === 'etc/ld.so.cache') return `file ${(mode & 0o7777).toString(8)} ${content.toString('latin1')}`;
  return `file ${createHash('sha256').update(content).digest('hex')}`;
}
