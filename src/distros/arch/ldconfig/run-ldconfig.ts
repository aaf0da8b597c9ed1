import type { SharedLibrary } from '../../../model/archive.ts';
import type { InstalledPackage } from '../../install.ts';
import type { RootDraft } from '../../shared/root-draft.ts';
import { undecided } from '../../shared/shell/undecided.ts';
import { type CacheEntry, cacheBytes } from './cache-bytes.ts';
import { configuredDirectories } from './ld-so-conf.ts';
import { compareLibraries } from './library-order.ts';
import { type Release, releaseOf } from './release.ts';

const CACHE = '/etc/ld.so.cache';
const AUX_FOLDER = '/var/cache/ldconfig';
const TUNABLES = '/etc/tunables.conf';
/** Arch's `slibdir` and `libdir`, and the folders that glibc of x86_64 adds for one called `lib` (its dl-cache.h) */
const SYSTEM_DIRECTORIES = ['/usr/lib', '/usr/lib64', '/usr/libx32'];
const HWCAPS_FOLDER = 'glibc-hwcaps';
/** Subfolders for processors or kernels, which versions before 2.37 search */
const LEGACY_FOLDERS: readonly string[] = [
  ...['tls', 'sse2', 'x86_64', 'avx512_1', 'haswell', 'xeon_phi'],
  ...['i386', 'i486', 'i586', 'i686'],
];
const EM_386 = 3;
const EM_X86_64 = 62;
const FLAG_ELF = 0x1;
const FLAG_ELF_LIBC6 = 0x3;
const FLAG_X8664_LIB64 = 0x300;
const FLAG_X8664_LIBX32 = 0x800;

interface LdconfigContext {
  readonly draft: RootDraft;
  readonly release: Release;
  /** SHA-256 of the content → facts */
  readonly libraries: ReadonlyMap<string, SharedLibrary | null>;
}

interface Directory {
  /** Path as configured, which the cache uses */
  readonly path: string;
  readonly real: string;
  /** Its name if it is in `glibc-hwcaps`, otherwise empty */
  readonly hwcaps: string;
}

interface Candidate {
  readonly name: string;
  readonly soname: string;
  readonly library: SharedLibrary;
  readonly flags: number;
  /** Whether it is a link that ldconfig leaves as it is */
  readonly isLink: boolean;
}

/**
 * Does what `ldconfig` without arguments does to a root without a cache (glibc elf/ldconfig.c): makes links for sonames, removes
 * dangling links, writes `/etc/ld.so.cache`, makes `/var/cache/ldconfig`. The aux-cache is left out: it has inode numbers and
 * change times of a disk, and ldconfig makes it again if it is missing.
 * @param program path by which it is called
 * @throws Undecided when the effect is not exactly known; the draft must then be discarded
 */
export function runLdconfig(draft: RootDraft, packages: readonly InstalledPackage[], program: string): void {
  const release = releaseOf(draft, packages, program);
  const libraries = new Map(packages.flatMap(({ facts }) => Object.entries(facts.linker?.libraries ?? {})));
  const context: LdconfigContext = { draft, release, libraries };
  if (release.readsTunables && draft.statFollow(TUNABLES) !== undefined) undecided(`${TUNABLES} is there`);
  if (draft.stat(`${AUX_FOLDER}/aux-cache`) !== undefined) undecided('an aux-cache already exists');

  const names = new Set<string>();
  const directories = searchedDirectories(context, names);
  const entries = directories.flatMap((directory, number) => searchDirectory(context, directory, number));
  const content = cacheBytes(entries, release.format, { names: [...names], generator: release.generator });
  draft.put(CACHE, { type: 'file', mode: 0o644, content });
  if (draft.statFollow('/var/cache')?.type === 'directory' && draft.stat(AUX_FOLDER) === undefined)
    draft.put(AUX_FOLDER, { type: 'directory', mode: 0o700 });
}

/** Returns each directory once, under its first name. `names`: receives the folders below any `glibc-hwcaps`. */
function searchedDirectories({ draft, release }: LdconfigContext, names: Set<string>): readonly Directory[] {
  const found = new Map<string, Directory>();
  for (const path of [...configuredDirectories(draft), ...SYSTEM_DIRECTORIES]) {
    const entry = draft.statFollow(path);
    const real = draft.real(path, true);
    if (entry === undefined || real === undefined || found.has(real)) continue;
    if (entry.type !== 'directory') undecided(`${path} is a ${entry.type}`);
    if (release.legacy && LEGACY_FOLDERS.includes(path.slice(path.lastIndexOf('/') + 1)))
      undecided(`${path} is searched by processor`);
    found.set(real, { path, real, hwcaps: '' });
    if (release.format !== 'extended') continue;
    const folder = `${path}/${HWCAPS_FOLDER}`;
    const siblings = new Set<string>();
    for (const name of draft.list(folder)) {
      const below = draft.statFollow(`${folder}/${name}`);
      if (name.startsWith('.') || name.includes(':') || below?.type !== 'directory') continue;
      const realBelow = draft.real(`${folder}/${name}`, true) as string;
      if (siblings.has(realBelow)) undecided(`${folder}/${name} has two names`);
      siblings.add(realBelow);
      names.add(ascii(name));
      if (!found.has(realBelow))
        found.set(realBelow, { path: `${folder}/${name}`, real: realBelow, hwcaps: name });
    }
  }
  return [...found.values()];
}

function searchDirectory(
  context: LdconfigContext,
  directory: Directory,
  number: number,
): readonly CacheEntry[] {
  const candidates = new Map<string, Candidate[]>();
  for (const name of context.draft.list(directory.real)) {
    const candidate = candidateOf(context, directory, name);
    if (candidate === undefined) continue;
    const same = candidates.get(candidate.soname) ?? [];
    candidates.set(candidate.soname, [...same, candidate]);
  }
  const chosen = [...candidates.values()].map(newest);
  if (directory.hwcaps === '') linkSonames(context, directory, chosen);
  return chosen.map(({ name, soname, library, flags }) => ({
    soname,
    path: `${directory.path}/${directory.hwcaps === '' ? soname : name}`,
    flags,
    osVersion: context.release.notesOsVersion ? library.osVersion : 0,
    isaLevel: library.isaLevel,
    hwcaps: directory.hwcaps,
    directory: number,
  }));
}

/** Returns a candidate; undefined: not a library. Removes a dangling link with a library's name. */
function candidateOf(context: LdconfigContext, directory: Directory, name: string): Candidate | undefined {
  const { draft, release } = context;
  const path = `${directory.real}/${name}`;
  const entry = draft.stat(path);
  if (entry === undefined || !['file', 'symlink', 'directory'].includes(entry.type)) return undefined;
  if (release.legacy && entry.type !== 'file' && LEGACY_FOLDERS.includes(name))
    undecided(`/${path} is searched by processor`);
  const isSymlink = entry.type === 'symlink';
  if (!isLibraryName(name, release) && !(isSymlink && directory.hwcaps !== '')) return undefined;
  if (/;|\.#prelink#|\.dpkg-(?:new|tmp)$/.test(name)) undecided(`/${path} is a temporary file`);
  if (entry.type === 'directory') return undefined;
  const real = draft.real(path, true);
  const target = draft.statFollow(path);
  if (target === undefined || real === undefined) {
    if (name.includes('.so.')) draft.remove(path);
    return undefined;
  }
  if (target.type === 'directory') return undefined;
  if (target.type !== 'file') undecided(`/${path} is a ${target.type}`);
  const library = context.libraries.get(target.sha256 ?? '');
  if (library === undefined) undecided(`/${path}: unknown kind of library`);
  const flags = library === null ? undefined : flagsOf(library, release);
  if (library === null || flags === undefined) return undefined;
  if (library.soname === null && release.losesImplicitSonames) undecided(`/${path} has no soname`);
  const soname = library.soname ?? name;
  if (soname.includes('/')) undecided(`/${path} has the soname ${soname}`);
  const isLink = isSymlink && (name === soname || (name.endsWith('.so') && soname.startsWith(name)));
  return { name: ascii(name), soname: ascii(isLink ? name : soname), library, flags, isLink };
}

function isLibraryName(name: string, { legacy }: Release): boolean {
  if (/^(?:lib|ld-)/.test(name) && name.includes('.so')) return true;
  if (!/^ld(?:64)?\.so\./.test(name)) return false;
  return legacy ? undecided(`some versions of ldconfig take ${name} for a library`) : true;
}

/** Returns the flags of a cache entry; undefined: for another processor. */
function flagsOf({ bits, machine, libc6 }: SharedLibrary, { legacy }: Release): number | undefined {
  if (machine === EM_X86_64) return FLAG_ELF_LIBC6 | (bits === 64 ? FLAG_X8664_LIB64 : FLAG_X8664_LIBX32);
  if (machine !== EM_386 || bits !== 32) return undefined;
  return libc6 || !legacy ? FLAG_ELF_LIBC6 : FLAG_ELF;
}

/** Chooses among files and links with one soname: a file before a link, then the newest. */
function newest(candidates: readonly Candidate[]): Candidate {
  const [first, ...others] = candidates as [Candidate, ...Candidate[]];
  return others.reduce((best, next) => {
    const same = `${best.name} and ${next.name}`;
    if (best.flags !== next.flags) undecided(`${same} have one soname and differ in type`);
    if (best.isLink !== next.isLink) return best.isLink ? next : best;
    const order = compareLibraries(best.name, next.name);
    if (order === 0) undecided(`${same} sort as equal`);
    return order < 0 ? next : best;
  }, first);
}

function linkSonames(context: LdconfigContext, { real }: Directory, chosen: readonly Candidate[]): void {
  const { draft } = context;
  const linked = chosen.filter(({ isLink }) => !isLink);
  const stale = linked.filter(({ name, soname }) => isStale(context, `${real}/${soname}`, `${real}/${name}`));
  for (const { soname } of stale)
    if (soname.startsWith('ld')) undecided(`some versions of ldconfig make no link ${soname}`);
  const changed = new Set(stale.map(({ soname }) => `${real}/${soname}`));
  for (const { name, soname } of changed.size === 0 ? [] : linked) {
    const passed = [...linksOnTheWay(draft, `${real}/${name}`), ...linksOnTheWay(draft, `${real}/${soname}`)];
    if (passed.some((path) => changed.has(path) && path !== `${real}/${soname}`))
      undecided(`/${real}/${name} depends on a link that changes`);
  }
  for (const { name, soname } of stale) draft.put(`${real}/${soname}`, { type: 'symlink', linkTarget: name });
}

/** Returns whether the soname has to become a link to the library. */
function isStale({ draft }: LdconfigContext, soname: string, library: string): boolean {
  const existing = draft.stat(soname);
  if (existing === undefined) return true;
  const [target, real] = [draft.real(soname, true), draft.real(library, true)];
  if (existing.type !== 'symlink' || target === real) return false;
  const content = draft.stat(real ?? '')?.sha256;
  if (content === draft.stat(target ?? '')?.sha256) undecided(`/${soname} and /${library} may be one file`);
  return true;
}

/** Returns the symlinks of a path's last component, followed one after the other. */
function linksOnTheWay(draft: RootDraft, path: string): readonly string[] {
  const links: string[] = [];
  for (let current: string | undefined = path; current !== undefined && !links.includes(current); ) {
    const entry = draft.stat(current);
    if (entry?.type !== 'symlink') break;
    links.push(current);
    const { linkTarget } = entry;
    current = draft.real(
      linkTarget.startsWith('/') ? linkTarget : `${current.slice(0, current.lastIndexOf('/'))}/${linkTarget}`,
      false,
    );
  }
  return links;
}

function ascii(name: string): string {
  return /^[\x20-\x7e]+$/.test(name) ? name : undecided('a library’s name is not ASCII');
}
