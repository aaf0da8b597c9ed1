/**
 * Orders two version strings `[epoch:]version[-release]` as pacman's vercmp(8) does: epochs, then versions, then
 * releases, the last only where both have one.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const left = parseVersion(a);
  const right = parseVersion(b);
  const epoch = compareSegments(left.epoch, right.epoch);
  if (epoch !== 0) return epoch;
  const version = compareSegments(left.version, right.version);
  if (version !== 0 || left.release === undefined || right.release === undefined) return version;
  return compareSegments(left.release, right.release);
}

/**
 * Returns whether makepkg accepts a version, with or without a release: `[epoch:]pkgver[-pkgrel]`, without colons, slashes,
 * hyphens or white space inside (PKGBUILD(5)). vercmp itself compares any texts.
 */
export function isValidVersion(version: string): boolean {
  return /^(\d+:)?[!-,.0-9;-~]+(-\d+(\.\d+)?)?$/.test(version);
}

interface VersionParts {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | undefined;
}

function parseVersion(text: string): VersionParts {
  let position = 0;
  while (isDigit(text.charCodeAt(position))) position += 1;
  const hasEpoch = text[position] === ':';
  const epoch = hasEpoch && position > 0 ? text.slice(0, position) : '0';
  const start = hasEpoch ? position + 1 : 0;
  const dash = text.lastIndexOf('-');
  if (dash < start) return { epoch, version: text.slice(start), release: undefined };
  return { epoch, version: text.slice(start, dash), release: text.slice(dash + 1) };
}

/** Compares as rpmvercmp does: runs of digits and runs of letters in turn; of separators only the length counts. */
function compareSegments(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    const leftSegment = skip(a, left, (code) => !isAlphanumeric(code));
    const rightSegment = skip(b, right, (code) => !isAlphanumeric(code));
    const leftGap = leftSegment - left;
    const rightGap = rightSegment - right;
    left = leftSegment;
    right = rightSegment;
    if (left >= a.length || right >= b.length) break;
    if (leftGap !== rightGap) return leftGap < rightGap ? -1 : 1;

    const numeric = isDigit(a.charCodeAt(left));
    const kind = numeric ? isDigit : isAlpha;
    const leftEnd = skip(a, left, kind);
    const rightEnd = skip(b, right, kind);
    if (rightEnd === right) return numeric ? 1 : -1;
    const order = numeric
      ? compareNumbers(a.slice(left, leftEnd), b.slice(right, rightEnd))
      : compareText(a.slice(left, leftEnd), b.slice(right, rightEnd));
    if (order !== 0) return order;
    left = leftEnd;
    right = rightEnd;
  }
  const leftDone = left >= a.length;
  const rightDone = right >= b.length;
  if (leftDone && rightDone) return 0;
  // The rest decides: letters make a version older (1.0rc < 1.0), anything else newer.
  if ((leftDone && !isAlpha(b.charCodeAt(right))) || (!leftDone && isAlpha(a.charCodeAt(left)))) return -1;
  return 1;
}

function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return compareText(left, right);
}

function compareText(a: string, b: string): -1 | 0 | 1 {
  return a === b ? 0 : a < b ? -1 : 1;
}

function skip(text: string, from: number, matches: (code: number) => boolean): number {
  let position = from;
  while (position < text.length && matches(text.charCodeAt(position))) position += 1;
  return position;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isAlpha(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function isAlphanumeric(code: number): boolean {
  return isDigit(code) || isAlpha(code);
}
