import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { ancestorsOf } from '../../src/compose/tree.ts';
import { packTar } from '../fixtures/pack-tar.ts';

type Entry = Parameters<typeof packTar>[0] extends Iterable<infer T> ? T : never;

/** What scripts of these tests are made of; all of them are on every Debian. */
const PROGRAMS = [
  'sh',
  'perl',
  'cat',
  'chmod',
  'chown',
  'chroot',
  'ln',
  'mkdir',
  'mkfifo',
  'mknod',
  'mount',
  'mv',
  'rm',
  'sleep',
  'touch',
  'truncate',
  'unshare',
];

/** This machine's own shell and a few programs in bin/, and their libraries where they are. Undefined without them. */
export function hostFiles(): ReadonlyMap<string, Uint8Array> | undefined {
  const files = new Map<string, Uint8Array>();
  for (const name of PROGRAMS) {
    const folder = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].find((path) => existsSync(`${path}/${name}`));
    if (folder === undefined) return undefined;
    files.set(`bin/${name}`, readFileSync(`${folder}/${name}`));
    for (const library of librariesOf(realpathSync(`${folder}/${name}`)))
      files.set(library.slice(1), readFileSync(library));
  }
  return files;
}

/** A root of those as a tar, and `script` as /run.sh. */
export function hostRoot(script: string, more: readonly Entry[] = []): Buffer | undefined {
  const entries = new Map<string, Entry>();
  const directory = (path: string, mode = 0o755) =>
    entries.set(path, { path, type: 'directory', mode, uid: 0, gid: 0, mtime: 1 });
  const files = hostFiles();
  if (files === undefined) return undefined;
  for (const path of ['dev', 'proc', '.pkg']) directory(path);
  directory('tmp', 0o1777);
  const all = [...files, ['run.sh', Buffer.from(`#!/bin/sh\n: > /.pkg/started\n${script}\n`)] as const];
  for (const [path, content] of all) {
    for (const parent of ancestorsOf(path)) if (!entries.has(parent)) directory(parent);
    entries.set(path, { path, type: 'file', mode: 0o755, uid: 0, gid: 0, mtime: 1, content });
  }
  for (const entry of more) entries.set(entry.path, entry);
  return packTar(entries.values());
}

const known = new Map<string, readonly string[]>();

function librariesOf(program: string): readonly string[] {
  let found = known.get(program);
  if (found === undefined) {
    const text = execFileSync('ldd', [program], { encoding: 'utf8' });
    found = [...text.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string);
    known.set(program, found);
  }
  return found;
}
