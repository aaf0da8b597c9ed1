/** Compares names in apk's order for display: ignoring case, then by byte. */
export function compareDisplay(a: string, b: string): number {
  const left = foldCase(a);
  const right = foldCase(b);
  return left === right ? compareText(a, b) : compareText(left, right);
}

function foldCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
