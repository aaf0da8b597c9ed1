import { makeApkIndexOf } from '../../test/fixtures/apk.ts';

/** About as many words as a distribution's descriptions have. */
const WORDS = 5_000;

/** An APKINDEX of made packages, the same for the same count and version: fields, dependencies and provides as in Alpine's. */
export function madeIndex(count: number, version = 1): Buffer {
  const blocks: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const word = (salt: number) => `word${((at * 7_919 + salt * 104_729) % WORDS).toString(36)}`;
    const depends = [1, 2, 3].map((step) => `lib${(at * (step + 1)) % Math.max(at, 1)}`).join(' ');
    blocks.push(`C:Q1${Buffer.from(`${version}.${at}`.padEnd(20)).toString('base64')}
P:lib${at}
V:${version}.${at % 40}-r${at % 3}
A:x86_64
S:${1_000 + at}
I:${4_000 + at}
T:${[1, 2, 3, 4, 5, 6].map(word).join(' ')}
U:https://example.org/lib${at}
L:MIT
o:lib${at - (at % 4)}
m:Maintainer ${at % 200} <m${at % 200}@example.org>
t:${1_700_000_000 + at}
c:${at.toString(16).padStart(40, '0')}${at === 0 ? '' : `\nD:so:libc.musl-x86_64.so.1 ${depends}`}
p:so:lib${at}.so.1=${version} cmd:lib${at}=${version}

`);
  }
  return makeApkIndexOf(blocks.join(''));
}
