import type { PackageScript } from '../../model/archive.ts';
import type { InstalledPackage } from '../install.ts';
import type { ApkLayout } from './apk-layout.ts';
import { entryOf } from './describe.ts';
import { isUnpacked } from './unpacked.ts';

const BLOCK = 512;
const END = Buffer.alloc(2 * BLOCK);

/** Kinds of scripts in apk's order (apk-tools `package.c` apk_script_types). */
const ORDER = [
  'pre-install',
  'post-install',
  'pre-deinstall',
  'post-deinstall',
  'pre-upgrade',
  'post-upgrade',
  'trigger',
];

/**
 * Returns the bytes of `lib/apk/db/scripts.tar`, uncompressed, with an entry `<name>-<version>.<identity>.<script>` per script;
 * the identity is `Q1` and base64 for apk 2, `X1` and hex for apk 3 (`database.c` apk_db_scriptdb_write).
 */
export function scriptsTar(
  packages: readonly InstalledPackage[],
  { layout, time }: { readonly layout: ApkLayout; readonly time: number },
): Buffer {
  const blocks: Buffer[] = [];
  for (const installed of packages) {
    if (!isUnpacked(installed)) continue;
    const { facts } = installed;
    const mtime = layout.compressedScripts ? entryOf(installed).buildTime : time;
    const identity = layout.compressedScripts ? inHex(facts.identity) : facts.identity;
    for (const { name, content } of inOrder(facts.scripts)) {
      const bytes = Buffer.from(content, 'base64');
      const path = `${facts.name}-${facts.version}.${identity}.${name}`;
      blocks.push(header(path, bytes.length, mtime), bytes, Buffer.alloc(-bytes.length & (BLOCK - 1)));
    }
  }
  return Buffer.concat([...blocks, END]);
}

function inHex(identity: string): string {
  return `X1${Buffer.from(identity.slice('Q1'.length), 'base64').toString('hex')}`;
}

function inOrder(scripts: readonly PackageScript[]): readonly PackageScript[] {
  return scripts.length < 2
    ? scripts
    : [...scripts].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
}

/**
 * Returns a GNU tar header as apk writes it: numbers in octal, without a NUL if they fill their field; the name cut at 99 bytes.
 */
function header(path: string, sizeBytes: number, mtime: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), offset, digits, 'latin1');
  };
  Buffer.from(path).copy(block, 0, 0, 99);
  octal(0o755, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(sizeBytes, 124, 12);
  octal(mtime, 136, 12);
  block.write('        0', 148, 'latin1');
  block.write('ustar  ', 257, 'latin1');
  block.write('root', 265, 'latin1');
  block.write('root', 297, 'latin1');
  let sum = 0;
  // All bytes after the owner's names are zero.
  for (let offset = 0; offset < 301; offset += 1) sum += block[offset] as number;
  octal(sum, 148, 6);
  block[154] = 0;
  return block;
}
