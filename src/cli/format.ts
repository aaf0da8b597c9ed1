const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, as docker and podman print sizes: `34.5 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.95 would be rounded to 1000.0 of the smaller unit.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${amount} ${amount === 1 ? noun : plural}`;
}

/**
 * Terminal control bytes and marks that turn the direction of text (Unicode TR 9) in text from outside (package names, URLs,
 * messages) are shown, not obeyed.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu,
    escaped,
  );
}

/** The same without tabs and line breaks: a line of its own. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n\u2028\u2029]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** Columns padded to their widest cell, two spaces apart, no trailing spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, at) => largest(cells.map((row) => row[at]?.length ?? 0)));
  const lines = cells.map((row) =>
    columns
      .map(({ align }, at) => {
        const text = row[at] ?? '';
        if (align === 'right') return text.padStart(widths[at]!);
        return at === columns.length - 1 ? text : text.padEnd(widths[at]!);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

import { largest } from '../model/lists.ts';
