/** A format that is recognised but not read. */
export interface ForeignFormat {
  /** `lz4`, `a zip file` */
  readonly name: string;
  /** The format is a compression that package managers may read */
  readonly isCompression: boolean;
}

const compression = (name: string): ForeignFormat => ({ name, isCompression: true });
const other = (name: string): ForeignFormat => ({ name, isCompression: false });

/** Sources: file(1)'s magic, makepkg.conf(5) PKGEXT, lz4 and lzip format descriptions */
const FORMATS: readonly (readonly [magic: string | readonly number[], ForeignFormat])[] = [
  [[0x04, 0x22, 0x4d, 0x18], compression('lz4')],
  [[0x02, 0x21, 0x4c, 0x18], compression('lz4')],
  [[0x03, 0x21, 0x4c, 0x18], compression('lz4')],
  [[0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a], compression('lzo')],
  ['LZIP', compression('lzip')],
  ['LRZI', compression('lrzip')],
  [[0x1f, 0x9d], compression('compress (.Z)')],
  [[0x5d, 0x00, 0x00], compression('lzma')],
  [[0x1e, 0xb5, 0x2f, 0xfd], compression('zstd before 1.0')],
  ['PK\x03\x04', other('a zip file')],
  ["7z\xbc\xaf'\x1c", other('a 7z file')],
  ['!<arch>\n', other('an ar archive, as .deb files are')],
  [[0xed, 0xab, 0xee, 0xdb], other('an RPM package')],
  ['\x7fELF', other('a program')],
  ['version https://git-lfs.github.com/', other('a Git LFS pointer (`git lfs pull` fetches the file)')],
  ['-----BEGIN PGP', other('an OpenPGP signature or key')],
];

/** Recognises a foreign format by the first bytes of a file; undefined if they are of none. */
export function foreignFormat(head: Uint8Array): ForeignFormat | undefined {
  const found = FORMATS.find(([magic]) => startsWith(head, magic));
  if (found !== undefined) return found[1];
  const text = Buffer.from(head.subarray(0, 256)).toString('latin1').trimStart().toLowerCase();
  return /^<(?:!doctype html|html|\?xml)/.test(text) ? other('a web page') : undefined;
}

function startsWith(head: Uint8Array, magic: string | readonly number[]): boolean {
  const bytes = typeof magic === 'string' ? Buffer.from(magic, 'latin1') : magic;
  return bytes.every((byte, index) => head[index] === byte);
}
