import type { FileEntries } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { required } from '../../model/required.ts';
import type { EntryOrigin, EntryVerdict } from '../../model/verify-report.ts';
import type { PackageFiles, ShippedEntry } from './package-files.ts';

/** OCI image-spec "Whiteouts". */
const WHITEOUT = /^(.*\/)?\.wh\.(.*)$/s;
const OPAQUE = '.wh..opq';
const INSTALL = /^\.pkg(?:\/|$)/;

type Verdict = Pick<EntryVerdict, 'origin' | 'package' | 'note'>;

/** Judges each entry of a layer by the packages' files, in the layer's order. */
export function* judgeEntries(entries: FileEntries, files: PackageFiles): Generator<EntryVerdict, undefined> {
  const linked = new Map<string, string>();
  for (let index = 0; index < entries.length; index += 1) {
    const { type } = entries.head(index);
    if (type === 'file') files.learnPrefix(entries.path(index), entries.sha256(index));
    else if (type === 'hardlink') linked.set(entries.once(index).linkTarget, '');
  }
  for (const entry of entries) {
    const { path, type, sizeBytes } = entry;
    const content = type === 'hardlink' ? (linked.get(entry.linkTarget) ?? '') : entry.sha256;
    if (linked.has(path)) linked.set(path, content);
    yield { path, type, sizeBytes, ...judge(entry, content, files) };
  }
}

function judge(entry: FileEntry, sha256: string, files: PackageFiles): Verdict {
  const [, folder = '', hidden] = WHITEOUT.exec(entry.path) ?? [];
  if (hidden !== undefined) return whiteout(`${folder}${hidden}`, files);
  const shipped = files.at(entry.path);
  switch (entry.type) {
    case 'directory':
      return directory(entry, shipped);
    case 'file':
    case 'hardlink':
      return file(entry, sha256, { files, shipped });
    default: {
      const same = shipped.filter((candidate) => sameSpecial(entry, candidate.entry, files));
      return fromPackage(entry, same) ?? made(entry, shipped, files);
    }
  }
}

function whiteout(path: string, files: PackageFiles): Verdict {
  const origin = 'whiteout';
  if (path.endsWith(OPAQUE)) return { origin, package: '', note: 'hides everything below it' };
  const [first] = files.at(path);
  if (first === undefined) return { origin, package: '', note: 'hides no file of a package' };
  if (path.startsWith('.') && !path.includes('/'))
    return { origin, package: '', note: 'hides the metadata of packages' };
  return { origin, package: first.package, note: `hides ${path}` };
}

/**
 * Judges a directory. Layers include the parents of their entries with their permissions, since engines would otherwise reset
 * them.
 */
function directory(entry: FileEntry, shipped: readonly ShippedEntry[]): Verdict {
  const directories = shipped.filter((candidate) => candidate.entry.type === 'directory');
  const known = fromPackage(entry, directories);
  if (known !== undefined) return known;
  const [other] = shipped;
  if (other !== undefined)
    return { origin: 'directory', package: other.package, note: `was a ${other.entry.type}` };
  const plain = entry.mode === 0o755 && entry.uid === 0 && entry.gid === 0;
  return { origin: 'directory', package: '', note: plain ? '' : `mode ${octal(entry.mode)} ${owner(entry)}` };
}

function file(
  entry: FileEntry,
  sha256: string,
  { files, shipped }: { files: PackageFiles; shipped: readonly ShippedEntry[] },
): Verdict {
  const same = fromPackage(
    entry,
    shipped.filter((candidate) => candidate.sha256 === sha256 && sha256 !== ''),
  );
  if (same !== undefined) return same;
  const source = files.withContent(sha256);
  if (source === undefined) return made(entry, shipped, files);
  return { origin: 'moved', package: source.package, note: `same content as its ${source.entry.path}` };
}

/** Chooses among equal files of packages one with the same attributes; if there is none, the first, with the differences. */
function fromPackage(entry: FileEntry, same: readonly ShippedEntry[]): Verdict | undefined {
  const [first] = same;
  if (first === undefined) return undefined;
  const compared = same.map((candidate) => ({
    package: candidate.package,
    note: attributes(entry, candidate.entry),
  }));
  const whole = compared.find(({ note }) => note === '');
  if (whole !== undefined) return { origin: 'package', ...whole };
  return { origin: 'attributes', ...required(compared, 0) };
}

/** Describes the differences of attributes, except for owner and time of hard links: engines use their targets'. */
function attributes(found: FileEntry, shipped: FileEntry): string {
  const changes: string[] = [];
  if (found.mode !== shipped.mode && found.type !== 'symlink')
    changes.push(`mode ${octal(shipped.mode)} to ${octal(found.mode)}`);
  if (found.type === 'hardlink' || shipped.type === 'hardlink') return changes.join(', ');
  if (owner(found) !== owner(shipped)) changes.push(`owner ${owner(shipped)} to ${owner(found)}`);
  if (found.type !== 'directory' && Math.floor(found.mtime) !== Math.floor(shipped.mtime))
    changes.push('time');
  if (!sameRecords(found.xattrs, shipped.xattrs)) changes.push('extended attributes');
  return changes.join(', ');
}

function sameSpecial(found: FileEntry, shipped: FileEntry, files: PackageFiles): boolean {
  if (found.type !== shipped.type) return false;
  if (found.type === 'symlink') return files.sameTarget(shipped.linkTarget, found.linkTarget);
  return found.deviceMajor === shipped.deviceMajor && found.deviceMinor === shipped.deviceMinor;
}

function made(entry: FileEntry, shipped: readonly ShippedEntry[], files: PackageFiles): Verdict {
  const [replaced] = shipped.filter((candidate) => candidate.entry.type !== 'directory');
  const inPlace = replaced === undefined ? '' : `replaces the one of ${replaced.package}`;
  const target = entry.type === 'symlink' ? `to ${entry.linkTarget}` : '';
  return {
    origin: originOf(files, entry),
    package: replaced?.package ?? '',
    note: [target, inPlace].filter((text) => text !== '').join(', '),
  };
}

function originOf(files: PackageFiles, { path, type }: FileEntry): EntryOrigin {
  if (files.isDatabase(path)) return 'database';
  if (INSTALL.test(files.originalPath(path))) return 'install';
  return type === 'symlink' ? 'symlink' : 'generated';
}

function sameRecords(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

const octal = (mode: number): string => mode.toString(8);
const owner = ({ uid, gid }: { readonly uid: number; readonly gid: number }): string => `${uid}:${gid}`;
