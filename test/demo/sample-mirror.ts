import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type ApkSpec,
  apkIndexBlock,
  controlIdentity,
  type FixtureKey,
  makeApkIndexOf,
  makeApkMembers,
  makeFixtureKey,
} from '../fixtures/apk.ts';
import { type ArchSpec, archDbMembers, archFileName, makeArchPackage, packArchDb } from '../fixtures/arch.ts';
import { writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { type PgpKey, signDetached, writeTestKeyring } from '../fixtures/pgp.ts';
import type { FixtureFile } from '../fixtures/tar.ts';
import { alpineBase, archBase, BUSYBOX_POST_INSTALL, LDCONFIG_INSTALL } from './base-packages.ts';
import { mergeUsr, readDebFiles } from './deb-files.ts';
import { type DebianPackage, debianArchitecture, obtainDebs } from './debian.ts';
import { apkVersion, archVersion, translateDepends, translateProvides } from './translate.ts';

/** Raised when what this file makes changes: an older cached mirror is made anew. */
const LAYOUT = 2;
const ALPINE_VERSION = '3.19.1';
const ALPINE_RELEASE = 'v3.19';
/** A C compiler with all it needs, tools to use it with, and the two shells. */
const ROOTS = ['gcc', 'libc6-dev', 'libc-bin', 'make', 'busybox', 'bash', 'coreutils'];
/** What a Debian base has and an Alpine or Arch base does not need. */
const EXCLUDED: ReadonlySet<string> = new Set([
  'awk',
  'base-files',
  'debconf',
  'debconf-2.0',
  'debianutils',
  'dpkg',
  'install-info',
  'perl',
]);
/** In the second repository of each mirror, so that both are used. */
const SECOND_REPOSITORY: ReadonlySet<string> = new Set(['make', 'busybox', 'bash']);
/** On Debian a recommendation and the essential set see to these. */
const MORE_DEPENDS: Readonly<Record<'alpine' | 'arch', Readonly<Record<string, readonly string[]>>>> = {
  alpine: {},
  arch: {
    libc6: ['filesystem'],
    gcc: ['libc6-dev', 'libc-bin'],
    'libc-bin': ['bash'],
  },
};

export interface SampleMirror {
  /** The folder to serve: `alpine/` and `arch/` below it are the two mirrors */
  readonly root: string;
  readonly alpineKeys: string;
  readonly archKeys: string;
  readonly packages: number;
  /** The distributions' word for this machine */
  readonly architecture: string;
}

interface Source {
  readonly all: ReadonlyMap<string, DebianPackage>;
  readonly architecture: string;
  readonly folder: string;
  readonly apkKey: FixtureKey;
  readonly pgpKey: PgpKey;
}

interface Indexes {
  readonly apk: Map<string, string[]>;
  readonly arch: Map<string, { db: FixtureFile[]; files: FixtureFile[] }>;
}

function withoutOwners(files: readonly FixtureFile[]): readonly FixtureFile[] {
  return files.map((file) => ({ ...file, uname: file.uname || 'root', gname: file.gname || 'root' }));
}

function apkSpec(one: DebianPackage, files: readonly FixtureFile[], source: Source): ApkSpec {
  const depends = translateDepends(one, source.all, apkVersion);
  const more = MORE_DEPENDS.alpine[one.name] ?? [];
  return {
    name: one.name,
    version: apkVersion(one.version),
    arch: one.architecture === 'all' ? 'noarch' : source.architecture,
    description: one.description,
    url: one.homepage,
    origin: one.source,
    maintainer: one.maintainer,
    license: 'custom',
    depends: [...new Set([...depends, ...more])],
    provides: translateProvides(one, apkVersion),
    files: withoutOwners(files),
    ...(one.name === 'busybox' ? { scripts: { 'post-install': BUSYBOX_POST_INSTALL } } : {}),
  };
}

function archSpec(one: DebianPackage, files: readonly FixtureFile[], source: Source): ArchSpec {
  const depends = translateDepends(one, source.all, archVersion);
  const more = MORE_DEPENDS.arch[one.name] ?? [];
  const shell: readonly FixtureFile[] =
    one.name === 'bash' ? [{ path: 'usr/bin/sh', linkTarget: 'bash' }] : [];
  return {
    name: one.name,
    version: archVersion(one.version),
    arch: one.architecture === 'all' ? 'any' : source.architecture,
    base: one.source,
    description: one.description,
    url: one.homepage,
    packager: one.maintainer,
    license: ['custom'],
    depends: [...new Set([...depends, ...more])],
    provides: translateProvides(one, archVersion),
    files: [...mergeUsr(withoutOwners(files)), ...shell],
    ...(one.name === 'libc-bin' ? { install: LDCONFIG_INSTALL } : {}),
  };
}

function apkFolder(source: Source, repository: string): string {
  const folder = join(source.folder, 'alpine', ALPINE_RELEASE, repository, source.architecture);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function archFolder(source: Source, repository: string): string {
  const folder = join(source.folder, 'arch', repository, 'os', source.architecture);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function addApk(bare: ApkSpec, source: Source, indexes: Indexes): void {
  const repository = SECOND_REPOSITORY.has(bare.name) ? 'community' : 'main';
  const spec: ApkSpec = { ...bare, key: source.apkKey };
  const { signature, control, data } = makeApkMembers(spec);
  const path = join(apkFolder(source, repository), `${spec.name}-${spec.version}.apk`);
  writeFileSync(path, Buffer.concat([signature, control, data]));
  const block = apkIndexBlock(spec, controlIdentity(control), statSync(path).size);
  indexes.apk.set(repository, [...(indexes.apk.get(repository) ?? []), block]);
}

async function addArch(spec: ArchSpec, source: Source, indexes: Indexes): Promise<void> {
  const repository = SECOND_REPOSITORY.has(spec.name) ? 'extra' : 'core';
  const bytes = makeArchPackage(spec);
  const path = join(archFolder(source, repository), archFileName(spec));
  const signature = await signDetached(source.pgpKey, bytes);
  writeFileSync(path, bytes);
  writeFileSync(`${path}.sig`, signature);
  const index = indexes.arch.get(repository) ?? { db: [], files: [] };
  index.db.push(...archDbMembers({ spec, bytes, signature }));
  index.files.push(...archDbMembers({ spec, bytes, signature }, { files: true }));
  indexes.arch.set(repository, index);
}

async function writeIndexes(source: Source, indexes: Indexes): Promise<void> {
  for (const [repository, blocks] of indexes.apk) {
    const text = blocks.map((block) => `${block}\n`).join('');
    const description = `v${ALPINE_VERSION}-0-gsample`;
    const bytes = makeApkIndexOf(text, { key: source.apkKey, description });
    writeFileSync(join(apkFolder(source, repository), 'APKINDEX.tar.gz'), bytes);
  }
  symlinkSync(ALPINE_RELEASE, join(source.folder, 'alpine', 'latest-stable'));
  for (const [repository, index] of indexes.arch) {
    for (const kind of ['db', 'files'] as const) {
      const bytes = packArchDb(index[kind]);
      const path = join(archFolder(source, repository), `${repository}.${kind}`);
      writeFileSync(path, bytes);
      writeFileSync(`${path}.sig`, await signDetached(source.pgpKey, bytes));
    }
  }
}

async function build(folder: string, debs: string, architecture: string): Promise<number> {
  const { packages, paths } = obtainDebs(ROOTS, EXCLUDED, debs);
  const archKeys = join(folder, 'keys', 'arch');
  mkdirSync(archKeys, { recursive: true });
  const apkKey = makeFixtureKey('sample@example.test-00000001.rsa.pub');
  writeApkKeyring(join(folder, 'keys', 'alpine'), [apkKey]);
  const { packager } = await writeTestKeyring(archKeys);
  const source: Source = {
    all: new Map(packages.map((one) => [one.name, one])),
    architecture,
    folder,
    apkKey,
    pgpKey: packager,
  };
  const indexes: Indexes = { apk: new Map(), arch: new Map() };
  for (const spec of alpineBase(ALPINE_VERSION, apkKey)) addApk(spec, source, indexes);
  for (const spec of archBase()) await addArch(spec, source, indexes);
  console.log('  repacking each as .apk and .pkg.tar.zst, and signing');
  for (const one of packages) {
    const files = await readDebFiles(paths.get(one.name)!);
    addApk(apkSpec(one, files, source), source, indexes);
    await addArch(archSpec(one, files, source), source, indexes);
  }
  await writeIndexes(source, indexes);
  return packages.length;
}

const WORDS: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/**
 * Real Debian packages repacked the way Alpine and Arch ship theirs, laid out like their mirrors and signed with keys
 * made for it. Kept in `cache` and used again; a folder appears there only when it is complete.
 * @throws SampleMirrorError where Debian's tools are missing or fail
 */
export async function sampleMirror(cache: string): Promise<SampleMirror> {
  const architecture = WORDS[debianArchitecture()] ?? debianArchitecture();
  const root = join(cache, `mirror-${LAYOUT}-${architecture}`);
  const stamp = join(root, 'packages');
  if (existsSync(stamp)) console.log('  (made earlier, used again)');
  else {
    const temporary = `${root}.${process.pid}.tmp`;
    try {
      mkdirSync(temporary, { recursive: true });
      const count = await build(temporary, join(cache, 'debs'), architecture);
      writeFileSync(join(temporary, 'packages'), `${count}\n`);
      rmSync(root, { recursive: true, force: true });
      renameSync(temporary, root);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
  return {
    root,
    alpineKeys: join(root, 'keys', 'alpine'),
    archKeys: join(root, 'keys', 'arch'),
    packages: Number(readFileSync(stamp, 'utf8')),
    architecture,
  };
}
