import { type DebianPackage, parseRelation } from './debian.ts';

/**
 * Debian's words in the other families' grammar. Versions map deterministically and distinct ones of a package stay
 * distinct; their order need not, as a sample mirror has one version of each package.
 */
interface DebianVersion {
  readonly epoch: string;
  /** `12.2.0` of `4:12.2.0+dfsg-3+deb12u1` */
  readonly numbers: string;
  /** Digit groups of the rest of the upstream version */
  readonly rest: readonly string[];
  /** Digit groups of the Debian revision; `0` for native packages */
  readonly revision: readonly string[];
}

function parseVersion(version: string): DebianVersion {
  const [, epoch = '', body = ''] = /^(?:(\d+):)?(.*)$/.exec(version) ?? [];
  const dash = body.lastIndexOf('-');
  const upstream = dash < 0 ? body : body.slice(0, dash);
  const numbers = /^\d+(\.\d+)*/.exec(upstream)?.[0] ?? '0';
  const digits = (text: string): readonly string[] => text.match(/\d+/g) ?? [];
  const rest = digits(upstream.startsWith(numbers) ? upstream.slice(numbers.length) : upstream);
  const revision = dash < 0 ? [] : digits(body.slice(dash + 1));
  return { epoch, numbers, rest, revision: revision.length === 0 ? ['0'] : revision };
}

/** apk: `digits{.digits}{_suffix[digits]}-r<digits>`; an epoch and all that follows the first numbers become `_p` suffixes. */
export function apkVersion(version: string): string {
  const { epoch, numbers, rest, revision } = parseVersion(version);
  const more = [...rest, ...revision.slice(1), ...(epoch === '' ? [] : [epoch])];
  return `${numbers}${more.map((digits) => `_p${digits}`).join('')}-r${revision[0]}`;
}

/** pacman: `[epoch:]version-release`, no hyphen in the version, digits and dots in the release. */
export function archVersion(version: string): string {
  const { epoch, numbers, rest, revision } = parseVersion(version);
  return `${epoch === '' ? '' : `${epoch}:`}${[numbers, ...rest].join('+')}-${revision.join('.')}`;
}

export type VersionMap = (version: string) => string;

function relation(name: string, operator: string, version: string, map: VersionMap): string {
  return operator === '=' ? `${name}=${map(version)}` : name;
}

/**
 * Of each group of alternatives the first that the mirror has; groups it has none of are what a container base
 * brings itself. Only `=` keeps its version: apt has checked the others when it chose the packages.
 */
export function translateDepends(
  one: DebianPackage,
  available: ReadonlyMap<string, DebianPackage>,
  map: VersionMap,
): readonly string[] {
  const chosen = one.depends.map((group) => group.map(parseRelation).find(({ name }) => available.has(name)));
  const words = chosen
    .filter((found) => found !== undefined)
    .map(({ name, operator, version }) => relation(name, operator, version, map));
  return [...new Set(words)];
}

export function translateProvides(one: DebianPackage, map: VersionMap): readonly string[] {
  return one.provides
    .map(parseRelation)
    .map(({ name, operator, version }) => relation(name, operator, version, map));
}
