import { isHookFile } from '../../../src/distros/arch/hook-files.ts';
import type { InstalledPackage } from '../../../src/distros/install.ts';
import { digestOf, parseDiffId } from '../../../src/model/digest.ts';
import { FileEntries } from '../../../src/model/file-entries.ts';
import type { FileEntry } from '../../../src/model/file-entry.ts';

export interface InstalledSpec {
  readonly name: string;
  readonly version?: string;
  readonly install?: string;
  readonly provides?: readonly string[];
  /** path → content; a directory ends in `/`; `-> target` is a symlink */
  readonly files?: Readonly<Record<string, string>>;
}

/** Facts as readPackageArchive would give them, without an archive. */
export function installed(spec: InstalledSpec): InstalledPackage {
  const files = Object.entries(spec.files ?? {}).map(([path, content]) => entryOf(path, content));
  const rootMembers: Record<string, string> = { '.PKGINFO': '' };
  for (const [path, content] of Object.entries(spec.files ?? {})) {
    if (isHookFile(path) && !content.startsWith('-> '))
      rootMembers[path] = Buffer.from(content).toString('base64');
  }
  const digest = digestOf(spec.name);
  return {
    reason: 'explicit',
    facts: {
      distro: 'arch',
      digest,
      sizeBytes: 1,
      diffId: parseDiffId(digest),
      uncompressedSizeBytes: 1,
      compression: 'zstd',
      segments: [],
      layerProblem: undefined,
      identity: digest.slice(7),
      name: spec.name,
      version: spec.version ?? '1-1',
      architecture: 'any',
      info: { provides: spec.provides ?? [] },
      scripts:
        spec.install === undefined
          ? []
          : [{ name: 'INSTALL', content: Buffer.from(spec.install).toString('base64') }],
      rootMembers,
      files: FileEntries.of(files),
      backupMd5: {},
      signedBy: '',
    },
  };
}

function entryOf(path: string, content: string): FileEntry {
  const type = path.endsWith('/') ? 'directory' : content.startsWith('-> ') ? 'symlink' : 'file';
  return {
    path: path.replace(/\/$/, ''),
    type,
    mode: 0o644,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
    sizeBytes: type === 'file' ? content.length : 0,
    mtime: 0,
    linkTarget: type === 'symlink' ? content.slice(3) : '',
    sha256: '',
    offset: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    pax: [],
  };
}

/** A hook with one trigger; `more` are further lines of `[Action]`. */
export function hookText(
  trigger: { type?: string; target: string | string[] },
  exec: string,
  more = '',
): string {
  const targets = [trigger.target].flat().map((target) => `Target = ${target}\n`);
  return `[Trigger]\nOperation = Install\nType = ${trigger.type ?? 'Package'}\n${targets.join('')}
[Action]\nWhen = PostTransaction\nExec = ${exec}\n${more}\n`;
}
