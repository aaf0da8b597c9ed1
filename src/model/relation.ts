/** Returns the name that an index's relation is about: `so:libc.so.1=1.2` → `so:libc.so.1`, `!foo` → `foo`. */
export function relationName(relation: string): string {
  const start = relation.startsWith('!') ? 1 : 0;
  for (let offset = start; offset < relation.length; offset++) {
    const code = relation.charCodeAt(offset);
    // < = > ~
    if ((code >= 0x3c && code <= 0x3e) || code === 0x7e) return relation.slice(start, offset);
  }
  return start === 0 ? relation : relation.slice(start);
}
