import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import type { FixtureFile } from '../fixtures/tar.ts';
import { SampleMirrorError } from './debian.ts';

/** What the distributions ship in packages of their own (-doc, -lang) or not at all. */
const LEFT_OUT = /^usr\/share\/(doc|man|info|locale|lintian|bug|doc-base)\//;

const TYPES: Readonly<Record<string, FixtureFile['type'] & string>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'hardlink',
};

function bare(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/$/, '');
}

/** The files of a .deb in archive order, root folder and documentation left out. */
export async function readDebFiles(path: string): Promise<readonly FixtureFile[]> {
  const child = spawn('dpkg-deb', ['--fsys-tarfile', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  const files: FixtureFile[] = [];
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      const name = bare(header.name);
      const type = TYPES[header.type ?? ''];
      if (type === undefined) throw new SampleMirrorError(`${path}: ${header.name} is a ${header.type}`);
      if (name !== '' && name !== '.' && !LEFT_OUT.test(`${name}/`)) {
        files.push({
          path: name,
          type,
          mode: header.mode ?? 0o644,
          uid: header.uid ?? 0,
          gid: header.gid ?? 0,
          uname: header.uname ?? '',
          gname: header.gname ?? '',
          mtime: Math.trunc((header.mtime?.getTime() ?? 0) / 1000),
          ...(type === 'file' ? { content: Buffer.concat(chunks) } : {}),
          ...(type === 'symlink' ? { linkTarget: header.linkname ?? '' } : {}),
          ...(type === 'hardlink' ? { linkTarget: bare(header.linkname ?? '') } : {}),
        });
      }
      next();
    });
  });
  await pipeline(child.stdout, extract);
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new SampleMirrorError(`dpkg-deb --fsys-tarfile ${path}: exit code ${code}`);
  return files;
}

const MERGED: readonly (readonly [from: string, to: string])[] = [
  ['bin', 'usr/bin'],
  ['sbin', 'usr/bin'],
  ['usr/sbin', 'usr/bin'],
  ['lib64', 'usr/lib'],
  ['lib', 'usr/lib'],
];

/** Where Arch has it: one /usr/bin and one /usr/lib, to which the other names are links. */
export function mergedPath(path: string): string {
  for (const [from, to] of MERGED) {
    if (path === from || path.startsWith(`${from}/`)) return `${to}${path.slice(from.length)}`;
  }
  return path;
}

/** The files at their merged places, parents first, each folder once. */
export function mergeUsr(files: readonly FixtureFile[]): readonly FixtureFile[] {
  const merged = new Map<string, FixtureFile>();
  for (const file of files) {
    const path = mergedPath(file.path);
    const link = file.type === 'hardlink' ? { linkTarget: mergedPath(file.linkTarget ?? '') } : {};
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      if (!merged.has(parent)) merged.set(parent, { path: parent, type: 'directory', mode: 0o755 });
    }
    if (file.type !== 'directory' || !merged.has(path)) merged.set(path, { ...file, path, ...link });
  }
  return [...merged.values()];
}
