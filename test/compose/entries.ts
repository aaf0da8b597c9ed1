import type { InstalledPackage } from '../../src/distros/install.ts';
import type { ArchiveFacts } from '../../src/model/archive.ts';
import { type DiffId, type Digest, digestOf } from '../../src/model/digest.ts';
import { FileEntries } from '../../src/model/file-entries.ts';
import type { FileEntry } from '../../src/model/file-entry.ts';

/** `d lib 755`, `f lib/x hello`, `l lib usr/lib`, `h lib/y lib/x`: type, path, then mode, content or target. */
export function entry(line: string, more: Partial<FileEntry> = {}): FileEntry {
  const [kind, path = '', rest = ''] = line.split(' ');
  const type = ({ d: 'directory', f: 'file', l: 'symlink', h: 'hardlink' } as const)[
    kind as 'd' | 'f' | 'l' | 'h'
  ];
  return {
    path,
    type,
    mode: type === 'directory' ? Number.parseInt(rest || '755', 8) : type === 'symlink' ? 0o777 : 0o644,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
    sizeBytes: type === 'file' ? rest.length : 0,
    mtime: 1000,
    linkTarget: type === 'symlink' || type === 'hardlink' ? rest : '',
    sha256: type === 'file' ? digestOf(rest).slice(7) : '',
    offset: 512,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    pax: [],
    ...more,
  };
}

export function facts(
  name: string,
  lines: readonly (string | FileEntry)[],
  more: Partial<ArchiveFacts> = {},
): ArchiveFacts {
  return {
    distro: 'alpine',
    digest: digestOf(name) as Digest,
    sizeBytes: 100,
    diffId: digestOf(`${name} tar`) as string as DiffId,
    uncompressedSizeBytes: 1000,
    compression: 'gzip',
    segments: [],
    layerProblem: undefined,
    identity: name,
    name,
    version: '1-r0',
    architecture: 'x86_64',
    info: {},
    scripts: [],
    rootMembers: {},
    files: FileEntries.of(lines.map((line) => (typeof line === 'string' ? entry(line) : line))),
    backupMd5: {},
    signedBy: '',
    ...more,
  };
}

export function installed(name: string, lines: readonly (string | FileEntry)[]): InstalledPackage {
  return { facts: facts(name, lines), reason: 'explicit' };
}
