import type { FileAspect, FileDifference } from '../../model/diff-report.ts';
import type { RootfsEntry, RootfsNode } from '../../output/rootfs-node.ts';

type Side = RootfsNode | undefined;

/** Lists paths that differ, sorted. Times of directories are not compared: every install into a directory changes them. */
export function diffFiles(a: RootfsNode, b: RootfsNode): readonly FileDifference[] {
  const found: FileDifference[] = [];
  const stack: { readonly prefix: string; readonly a: Side; readonly b: Side }[] = [{ prefix: '', a, b }];
  for (let folder = stack.pop(); folder !== undefined; folder = stack.pop()) {
    for (const [name, a, b] of inBoth(folder.a, folder.b)) {
      const path = folder.prefix + name;
      const [from, to] = [a?.entry, b?.entry];
      const changes = from === undefined || to === undefined ? [] : changesOf(from, to);
      if (from === undefined || to === undefined || changes.length > 0)
        found.push({ path, from: describe(from), to: describe(to), changes });
      const differs = a === undefined || b === undefined || !a.holdsSame(b);
      if (differs && (a?.isFilled || b?.isFilled)) stack.push({ prefix: `${path}/`, a, b });
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Yields the names in two directories. */
function* inBoth(a: Side, b: Side): Generator<readonly [name: string, a: Side, b: Side], undefined> {
  const [restA, restB] = [a?.sorted(), b?.sorted()];
  let [nextA, nextB] = [restA?.next().value, restB?.next().value];
  while (nextA !== undefined || nextB !== undefined) {
    const name = nextB === undefined || (nextA !== undefined && nextA[0] < nextB[0]) ? nextA?.[0] : nextB[0];
    const [inA, inB] = [nextA?.[0] === name, nextB?.[0] === name];
    yield [name as string, inA ? nextA?.[1] : undefined, inB ? nextB?.[1] : undefined];
    if (inA) nextA = restA?.next().value;
    if (inB) nextB = restB?.next().value;
  }
}

function changesOf(a: RootfsEntry, b: RootfsEntry): readonly FileAspect[] {
  if (a.type !== b.type) return ['type'];
  const aspects: readonly (readonly [FileAspect, boolean])[] = [
    ['content', a.sha256 !== b.sha256],
    ['mode', a.mode !== b.mode && a.type !== 'symlink'],
    ['owner', a.uid !== b.uid || a.gid !== b.gid],
    ['link', a.linkTarget !== b.linkTarget],
    ['device', a.deviceMajor !== b.deviceMajor || a.deviceMinor !== b.deviceMinor],
    ['mtime', a.mtime !== b.mtime && a.type !== 'directory'],
    ['xattrs', !sameRecords(a.xattrs, b.xattrs)],
    ['hard link', a.hardLinkOf !== b.hardLinkOf],
  ];
  return aspects.filter(([, differs]) => differs).map(([aspect]) => aspect);
}

/** Describes an entry: `file 755 0:0 1234 2023-11-14T22:13:20Z sha256:9f86d081884c`. */
function describe(entry: RootfsEntry | undefined): string | null {
  if (entry === undefined) return null;
  const { type, mode, uid, gid, sizeBytes, mtime, linkTarget, sha256, hardLinkOf, xattrs } = entry;
  const isDevice = type === 'character' || type === 'block';
  return [
    type,
    type === 'symlink' ? '' : mode.toString(8),
    `${uid}:${gid}`,
    type === 'file' ? `${sizeBytes}` : '',
    isDevice ? `${entry.deviceMajor}:${entry.deviceMinor}` : '',
    type === 'directory' ? '' : timeText(mtime),
    sha256 === '' ? '' : `sha256:${sha256.slice(0, 12)}`,
    linkTarget === '' ? '' : `-> ${linkTarget}`,
    hardLinkOf === '' ? '' : `= ${hardLinkOf}`,
    ...Object.keys(xattrs).sort(),
  ]
    .filter((word) => word !== '')
    .join(' ');
}

function timeText(mtime: number): string {
  const date = new Date(mtime * 1000);
  return Number.isNaN(date.getTime()) ? `${mtime}` : date.toISOString().replace('.000Z', 'Z');
}

function sameRecords(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
