import type { DistroId } from './package.ts';

/** The name that an index's relation is about: `so:libc.so.1=1.2` → `so:libc.so.1`, `!foo` → `foo`. */
export function relationName(relation: string): string {
  const start = relation.startsWith('!') ? 1 : 0;
  for (let at = start; at < relation.length; at++) {
    const code = relation.charCodeAt(at);
    // < = > ~
    if ((code >= 0x3c && code <= 0x3e) || code === 0x7e) return relation.slice(start, at);
  }
  return start === 0 ? relation : relation.slice(start);
}

/** The name that a word of a request is about: of `git@edge>2` git for apk; for pacman `@` is a letter of names. */
export function requestName(word: string, distro: DistroId): string {
  const name = relationName(word);
  const tag = distro === 'alpine' ? name.indexOf('@') : -1;
  return tag < 0 ? name : name.slice(0, tag);
}
