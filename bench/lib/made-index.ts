import { makeApkIndexOf } from '../../test/fixtures/apk.ts';

/** About as many words as a distribution's descriptions have. */
const WORDS = 5_000;
/** Packages that many others need: a distribution grows by leaves */
const CORE = 500;
/** Packages of one source: a library and what belongs to it */
const FAMILY = 16;
/** Of the first package */
const LIBC = 'libc.musl-x86_64.so.1';
/** Texts are joined in pieces: a million packages are longer than a string may be. */
const PIECE = 20_000;

/**
 * An APKINDEX of made packages, the same for the same arguments: fields, dependencies and provides as in Alpine's.
 * `start`: number of the first, where packages are spread over repositories
 */
export function madeIndex(count: number, version = 1, start = 0): Buffer {
  const pieces: Buffer[] = [];
  for (let from = 0; from < count; from += PIECE) {
    const length = Math.min(PIECE, count - from);
    const blocks = Array.from({ length }, (_, at) => madeBlock(start + from + at, version));
    pieces.push(Buffer.from(blocks.join('')));
  }
  return makeApkIndexOf(Buffer.concat(pieces));
}

function madeBlock(at: number, version: number): string {
  const first = at - (at % FAMILY);
  // The last of a family comes with the first where `docs` is wanted, as documentation does.
  const installIf = at % FAMILY === FAMILY - 1 ? [`i:docs lib${first}=${madeVersion(first, version)}`] : [];
  const word = (salt: number) => `word${((at * 7_919 + salt * 104_729) % WORDS).toString(36)}`;
  const lines = [
    `C:Q1${Buffer.from(`${version}.${at}`.padEnd(20)).toString('base64')}`,
    `P:lib${at}`,
    `V:${madeVersion(at, version)}`,
    'A:x86_64',
    `S:${1_000 + at}`,
    `I:${4_000 + at}`,
    `T:${[1, 2, 3, 4, 5, 6].map(word).join(' ')}`,
    `U:https://example.org/lib${at}`,
    'L:MIT',
    `o:lib${first}`,
    `m:Maintainer ${at % 200} <m${at % 200}@example.org>`,
    `t:${1_700_000_000 + at}`,
    `c:${at.toString(16).padStart(40, '0')}`,
    ...(at === 0 ? [] : [`D:${madeDepends(at).join(' ')}`]),
    `p:so:${at === 0 ? LIBC : `lib${at}.so.1`}=${version} cmd:lib${at}=${version}`,
    ...installIf,
  ];
  return `${lines.join('\n')}\n\n`;
}

const madeVersion = (at: number, version: number): string => `${version}.${at % 40}-r${at % 3}`;

/** Its family's first, and two of the core, of which the first are the most wanted */
function madeDepends(at: number): readonly string[] {
  const core = Math.min(at, CORE);
  const first = at - (at % FAMILY);
  const wanted = [1, 2].map((salt) => {
    const share = (Math.imul(at + 1, 0x9e3779b1 * salt) >>> 0) / 2 ** 32;
    return Math.floor(core * share * share);
  });
  const names = new Set([...wanted, ...(first === at ? [] : [first])]);
  return [`so:${LIBC}`, ...Array.from(names, (one) => (one % 2 === 0 ? `lib${one}` : `cmd:lib${one}`))];
}
