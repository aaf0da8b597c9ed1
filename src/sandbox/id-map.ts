/** A range of ids: `inside` the user namespace, `outside` as this process sees them. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Number of ids of a root: `nobody` is 65534 in /etc/passwd, and systemd uses ids above 65535 for containers. */
const ROOT_IDS = 65_536;
/** Ids that no account and no range of /etc/subuid has; systemd-nspawn picks from them too (nspawn(1), --private-users=pick). */
const SHIFTED = { first: 0x2000_0000, slots: 0x2000 };

/**
 * Returns the ranges that root maps: unused ids, so that scripts own nothing outside and the kernel counts their processes;
 * inside a container, which has few ids, the container's own.
 * @param uidMap text of /proc/self/uid_map or gid_map
 * @param random in [0, 1)
 */
export function rootRanges(uidMap: string, random: number): readonly IdRange[] {
  const extents = uidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([inside = 0, , count = 0]) => ({ inside, count }));
  if (extents.some(({ inside, count }) => inside + count >= SHIFTED.first + SHIFTED.slots * ROOT_IDS)) {
    const outside = SHIFTED.first + Math.floor(random * SHIFTED.slots) * ROOT_IDS;
    return [{ inside: 0, outside, count: ROOT_IDS }];
  }
  return extents
    .filter(({ inside }) => inside < ROOT_IDS)
    .map(({ inside, count }) => ({ inside, outside: inside, count: Math.min(count, ROOT_IDS - inside) }));
}

/**
 * Returns the ranges that a user maps: their own id as root, the others from /etc/subuid or /etc/subgid (subuid(5)). Undefined if
 * the file has no range for them.
 */
export function userRanges(
  subIds: string,
  user: { readonly name: string; readonly uid: number; readonly id: number },
): readonly IdRange[] | undefined {
  const ranges: IdRange[] = [{ inside: 0, outside: user.id, count: 1 }];
  let inside = 1;
  for (const line of subIds.split('\n')) {
    const [owner, first = '', size = ''] = line.trim().split(':');
    if (owner !== user.name && owner !== String(user.uid)) continue;
    if (!/^\d+$/.test(first) || !/^\d+$/.test(size)) continue;
    const count = Math.min(Number(size), ROOT_IDS - inside);
    if (count <= 0) continue;
    ranges.push({ inside, outside: Number(first), count });
    inside += count;
  }
  return ranges.length === 1 ? undefined : ranges;
}

/** Tells whether an id of the namespace is mapped. */
export function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ inside, count }) => id >= inside && id < inside + count);
}
