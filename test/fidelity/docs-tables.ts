import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ALLOWED } from './allowed.ts';
import { VARYING } from './varying.ts';

/** The tables of docs/fidelity.md from the code; `node test/fidelity/docs-tables.ts` writes them. */
const PATH = resolve(import.meta.dirname, '../../docs/fidelity.md');

const TABLES: Readonly<Record<string, string>> = {
  allowed: table(
    ['distribution', 'path', 'when', 'reason'],
    ALLOWED.map(({ distro, path, stage, reason }) => [distro, `\`/${path}\``, stage ?? 'always', reason]),
  ),
  varying: table(
    ['distribution', 'path', 'what varies'],
    VARYING.map(({ distro, path, reason }) => [distro, `\`/${path}\``, reason]),
  ),
};

export function documented(): string {
  return readFileSync(PATH, 'utf8');
}

/** The document with its tables as the code has them. */
export function withTables(document: string): string {
  return Object.entries(TABLES).reduce(
    (text, [name, lines]) =>
      text.replace(
        new RegExp(`(<!-- fidelity.md ${name} -->\n)[^]*?(<!-- end of fidelity.md ${name} -->)`),
        (_, start: string, end: string) => `${start}${lines}${end}`,
      ),
    document,
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('');
}

if (process.argv[1] === import.meta.filename) writeFileSync(PATH, withTables(documented()));
