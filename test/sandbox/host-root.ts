import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { packTar } from '../../src/archive/tar-writer.ts';
import { ancestorsOf } from '../../src/compose/tree.ts';

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

/** A root of this machine's own programs and their libraries as a tar, and `script` as /run.sh. Undefined without them. */
export function hostRoot(script: string, more: readonly Entry[] = []): Buffer | undefined {
  const entries = new Map<string, Entry>();
  const directory = (path: string, mode = 0o755) =>
    entries.set(path, { path, type: 'directory', mode, uid: 0, gid: 0, mtime: 1 });
  const file = (path: string, content: Uint8Array) => {
    for (const parent of ancestorsOf(path)) if (!entries.has(parent)) directory(parent);
    entries.set(path, { path, type: 'file', mode: 0o755, uid: 0, gid: 0, mtime: 1, content });
  };
  for (const path of ['dev', 'proc', '.pkg']) directory(path);
  directory('tmp', 0o1777);
  for (const name of PROGRAMS) {
    const program = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
      .map((folder) => `${folder}/${name}`)
      .find(existsSync);
    if (program === undefined) return undefined;
    file(`bin/${name}`, readFileSync(program));
    for (const library of librariesOf(realpathSync(program))) file(library.slice(1), readFileSync(library));
  }
  file('run.sh', Buffer.from(`#!/bin/sh\n: > /.pkg/started\n${script}\n`));
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
