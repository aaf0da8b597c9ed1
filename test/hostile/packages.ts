import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import {
  apkIndexBlock,
  controlIdentity,
  gzipMember,
  makeApkIndexOf,
  makeApkMembers,
} from '../fixtures/apk.ts';
import { archFileName, makeArchDb, makeArchPackage } from '../fixtures/arch.ts';
import {
  END_OF_ARCHIVE,
  type FixtureFile,
  headerBlock,
  padded,
  paxRecord,
  tarEntries,
} from '../fixtures/tar.ts';

/** Of the good package that the hostile one, `bad`, depends on. */
export const BASE_FILES: readonly FixtureFile[] = [
  { path: 'usr/' },
  { path: 'usr/share/' },
  { path: 'usr/share/base', content: 'base' },
];

export interface HostileRepository {
  readonly folder: string;
  /** The hostile archive's path, and its name and version as messages have them */
  readonly archive: string;
  readonly name: string;
  readonly sizeBytes: number;
}

/** Without an end; each piece becomes a gzip member or zstd frame of its own. */
export type Tar = Buffer | Iterable<Buffer>;

/** A repository of `bad`, whose entries are these bytes of tar, and of `base`. */
export function hostileRepository(distro: 'alpine' | 'arch', parent: string, tar: Tar): HostileRepository {
  return distro === 'alpine' ? alpine(join(parent, 'x86_64'), tar) : arch(join(parent, 'core'), tar);
}

function pack(tar: Tar, compress: (bytes: Buffer) => Buffer): Buffer {
  if (Buffer.isBuffer(tar)) return compress(Buffer.concat([tar, END_OF_ARCHIVE]));
  const packed: Buffer[] = [];
  for (const piece of tar) packed.push(compress(piece));
  return Buffer.concat([...packed, compress(END_OF_ARCHIVE)]);
}

function alpine(folder: string, tar: Tar): HostileRepository {
  mkdirSync(folder);
  const packages = [
    { name: 'base', depends: [], tar: tarEntries(BASE_FILES) },
    { name: 'bad', depends: ['base'], tar },
  ];
  const archives = packages.map(({ name, depends, tar }) => {
    const data = pack(tar, gzipMember);
    const datahash = createHash('sha256').update(data).digest('hex');
    // apk does not unpack a package of size 0.
    const spec = { name, version: '1.0-r0', depends, datahash, installedSize: 4096 };
    const { control } = makeApkMembers(spec);
    const bytes = Buffer.concat([control, data]);
    const archive = join(folder, `${name}-1.0-r0.apk`);
    writeFileSync(archive, bytes);
    return { archive, bytes, block: apkIndexBlock(spec, controlIdentity(control), bytes.length) };
  });
  const text = archives.map(({ block }) => `${block}\n`).join('');
  writeFileSync(join(folder, 'APKINDEX.tar.gz'), makeApkIndexOf(text));
  const bad = archives[1] as (typeof archives)[number];
  return { folder, archive: bad.archive, name: 'bad-1.0-r0', sizeBytes: bad.bytes.length };
}

function arch(folder: string, tar: Tar): HostileRepository {
  mkdirSync(folder);
  const specs = [
    { spec: { name: 'base', version: '1-1', bare: true, noEnd: true }, tar: tarEntries(BASE_FILES) },
    { spec: { name: 'bad', version: '1-1', bare: true, noEnd: true, depends: ['base'] }, tar },
  ];
  const entries = specs.map(({ spec, tar }) => {
    const head = zstdCompressSync(makeArchPackage(spec, 'none'));
    const bytes = Buffer.concat([head, pack(tar, zstdCompressSync)]);
    writeFileSync(join(folder, archFileName(spec)), bytes);
    return { spec, bytes };
  });
  writeFileSync(join(folder, 'core.db'), makeArchDb(entries));
  const bad = entries[1] as (typeof entries)[number];
  return {
    folder,
    archive: join(folder, archFileName(bad.spec)),
    name: 'bad-1-1',
    sizeBytes: bad.bytes.length,
  };
}

export interface RawEntry {
  /** What the header says; the content's length without */
  readonly size?: number;
  readonly content?: Uint8Array;
  readonly link?: string;
  /** Values as latin1 */
  readonly pax?: readonly (readonly [key: string, value: string])[];
  /** Changes the header before its checksum is made. */
  patch?(block: Buffer): void;
}

/** Blocks of an entry that no honest writer makes. */
export function rawEntry(name: string, flag: string, options: RawEntry = {}): Buffer {
  const { content = Buffer.alloc(0), link = '', pax = [], patch } = options;
  const block = header(name, flag, options.size ?? content.length, link);
  if (patch !== undefined) {
    patch(block);
    sign(block);
  }
  const records = Buffer.concat(pax.map(([key, value]) => paxRecord(key, Buffer.from(value, 'latin1'))));
  const extended = records.length === 0 ? [] : [header('PaxHeaders/x', 'x', records.length), padded(records)];
  return Buffer.concat([...extended, block, padded(content)]);
}

/** A header whose records count for all entries behind it. */
export function globalHeader(key: string, value: Uint8Array): Buffer {
  const record = paxRecord(key, Buffer.from(value));
  return Buffer.concat([header('GlobalHead', 'g', record.length), padded(record)]);
}

function header(name: string, flag: string, sizeBytes: number, link = ''): Buffer {
  return headerBlock({
    ...{ name: Buffer.from(name), flag, sizeBytes, link: Buffer.from(link) },
    ...{ mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000, uname: 'root', gname: 'root', device: undefined },
  });
}

function sign(block: Buffer): void {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}
