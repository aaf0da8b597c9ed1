import { count, formatSize } from '../../model/amounts.ts';
import { largest } from '../../model/lists.ts';
import { printable, printableLine } from '../../model/printable.ts';

export { count, formatSize, printable, printableLine };

/** Puts a label before a text and indents its further lines, so that none of them can pass for a line of the program's own. */
export function labelled(label: string, text: string): string {
  return `${label}: ${printable(text).replace(/\n/g, '\n  ')}`;
}

/** Title and alignment of a column. */
export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** Renders columns padded to their widest cell, two spaces apart, without trailing spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(printableLine))];
  const widths = columns.map((_, column) => largest(cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    columns
      .map(({ align }, column) => {
        const text = row[column] ?? '';
        if (align === 'right') return text.padStart(widths[column]!);
        return column === columns.length - 1 ? text : text.padEnd(widths[column]!);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Names an output file, or standard output for `-`. */
export function placeText(path: string): string {
  return path === '-' ? 'standard output' : path;
}
