/**
 * Makes terminal control bytes, and marks that change the direction of text (Unicode TR 9), visible, so that text from outside
 * (package names, URLs, messages) cannot control the terminal.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu,
    escaped,
  );
}

/** Escapes tabs and line breaks as well, so that the text stays on one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}
