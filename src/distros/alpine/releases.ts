/** Generation of apk-tools, 2.x or 3.x: they choose packages and write the root differently. */
export type ApkGeneration = '2' | '3';

/**
 * Version of apk-tools in each stable release's main repository, oldest first; a release between two rows has the older row's, a
 * release before all rows the first row's. All knowledge of releases is here; docs/new-release.md describes how to add one.
 * Sources: the APKINDEX of v3.17 and v3.19; the package lists of the official images 3.20.3, 3.21.8, 3.22.6, 3.23.4 and 3.24.2
 * (docker-library/repo-info, 2026-09-17); edge 20260805 has 3.0.7.
 */
const STABLE_RELEASES: readonly { readonly release: string; readonly apkTools: string }[] = [
  { release: 'v3.17', apkTools: '2.12.10-r1' },
  { release: 'v3.19', apkTools: '2.14.4-r0' },
  { release: 'v3.20', apkTools: '2.14.4-r0' },
  { release: 'v3.21', apkTools: '2.14.6-r3' },
  { release: 'v3.22', apkTools: '2.14.12-r0' },
  { release: 'v3.23', apkTools: '3.0.6-r0' },
  { release: 'v3.24', apkTools: '3.0.8-r0' },
];

const NEWEST = STABLE_RELEASES.at(-1) as (typeof STABLE_RELEASES)[number];

/**
 * Returns the generation of apk of a system made of these repositories.
 * @param release `v3.19`, `edge`, `latest-stable`; empty or any other word: unknown, treated as the newest
 * @param apkToolsVersion version of the package apk-tools to be installed or, if it is not installed, in the repositories' index;
 * undefined or empty: none. If there is one, it alone decides: Wolfi and Chainguard have no named releases and apk 2.14.
 */
export function apkGeneration({
  release,
  apkToolsVersion,
}: {
  readonly release: string;
  readonly apkToolsVersion?: string | undefined;
}): ApkGeneration {
  return Number.parseInt(apkToolsVersion || apkToolsOf(release), 10) < 3 ? '2' : '3';
}

/** Returns whether a stable release is newer than all releases known here. */
export function isUnknownRelease(release: string): boolean {
  const number = numberOf(release);
  return number !== undefined && compare(number, numberOf(NEWEST.release) as ReleaseNumber) > 0;
}

/** Returns whether one stable release is older than another; false for words such as `edge`. */
export function isBefore(release: string, other: string): boolean {
  const [number, than] = [numberOf(release), numberOf(other)];
  return number !== undefined && than !== undefined && compare(number, than) < 0;
}

/** Newest stable release known here: `v3.24` */
export const NEWEST_RELEASE = NEWEST.release;

type ReleaseNumber = readonly [major: number, minor: number];

/** Returns the version of apk-tools in a release, for example `2.14.4-r0`. */
export function apkToolsOf(release: string): string {
  const number = numberOf(release);
  if (number === undefined) return NEWEST.apkTools;
  const row = STABLE_RELEASES.findLast((row) => compare(numberOf(row.release) as ReleaseNumber, number) <= 0);
  return (row ?? (STABLE_RELEASES[0] as typeof NEWEST)).apkTools;
}

function numberOf(release: string): ReleaseNumber | undefined {
  const found = /^v(\d+)\.(\d+)$/.exec(release);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

function compare(a: ReleaseNumber, b: ReleaseNumber): number {
  return a[0] - b[0] || a[1] - b[1];
}
