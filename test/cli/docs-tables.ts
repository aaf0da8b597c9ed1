import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../../src/app/settings/settings.ts';
import type { Option, OptionGroup } from '../../src/cli/args/option.ts';
import { type Command, loadCommands } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.ts';
import { commandUsage, optionText, optionUsage } from '../../src/cli/help.ts';
import { documentedFunctions } from '../library/documented.ts';
import { jsonShapes } from './json-shapes.ts';

/** The order of the table; the compiler misses a group that is left out. */
const GROUP_ORDER: Readonly<Record<OptionGroup, number>> = {
  Packages: 1,
  Image: 2,
  Output: 3,
  Registry: 4,
  Server: 5,
  Cache: 6,
  Query: 7,
  General: 8,
};

const DOCS = join(import.meta.dirname, '../../docs');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, titles.map(() => '---'), ...rows];
  return `${lines.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`;
}

const LONG_SHAPES: Readonly<Record<string, string>> = {
  word: 'one value',
  list: 'a value or a list',
  pairs: 'a map, or a list of `NAME=value`',
  switch: '`true` or `false`',
  command: 'a list (run as it is) or one line for `/bin/sh -c`',
};

/** An option as some commands have it; another meaning under the same name is another row. */
interface OptionRow {
  readonly name: string;
  readonly option: Option;
  readonly commands: string[];
}

function optionRows(commands: readonly Command[]): readonly OptionRow[] {
  const rows: OptionRow[] = [];
  for (const command of commands) {
    for (const [name, option] of Object.entries(command.options)) {
      const found = rows.find((row) => row.name === name && optionText(row.option) === optionText(option));
      const row = found ?? { name, option, commands: [] };
      const namesake = rows.findLastIndex((other) => other.name === name);
      if (found === undefined) rows.splice(namesake < 0 ? rows.length : namesake + 1, 0, row);
      row.commands.push(command.name || 'PKG…');
    }
  }
  return [...rows].sort((a, b) => GROUP_ORDER[a.option.group] - GROUP_ORDER[b.option.group]);
}

/** What the code says, for each generated block of the docs. */
export async function generatedBlocks(): Promise<Readonly<Record<string, string>>> {
  const commands = await loadCommands(COMMANDS);
  const rows = optionRows(commands);
  return {
    'json.md shapes': jsonShapes(),
    'library.md functions': markdownTable(
      ['function', 'what it does'],
      documentedFunctions().map(({ name, summary }) => [code(name), cell(summary)]),
    ),
    'cli.md commands': markdownTable(
      ['command', 'what it does'],
      commands.map((command) => [code(commandUsage(command)), `${command.summary}`]),
    ),
    'cli.md options': markdownTable(
      ['option', 'meaning', 'commands'],
      rows.map(({ name, option, commands: takenBy }) => [
        code(`${option.short === undefined ? '' : `-${option.short}, `}${optionUsage(name, option)}`),
        cell(optionText(option)),
        takenBy.length === commands.length ? 'all' : takenBy.join(', '),
      ]),
    ),
    'cli.md exit codes': markdownTable(
      ['exit code', '`--json` code', 'meaning'],
      EXIT_MEANINGS.map(([exitCode, name, meaning]) => [
        String(exitCode),
        name === '' ? '' : code(name),
        meaning,
      ]),
    ),
    'recipes.md keys': markdownTable(
      ['key', 'value', 'option', 'meaning'],
      SETTINGS.map(({ key, flag, shape }) => {
        const option = rows.find(({ name }) => name === flag)?.option;
        const meaning = option === undefined ? 'Packages to install (required)' : optionText(option);
        const values =
          option?.choices === undefined ? LONG_SHAPES[shape]! : option.choices.map(code).join(', ');
        return [
          code(key),
          values,
          flag === '' ? code('PKG…') : code(`--${flag}`),
          cell(meaning.replace(' (repeatable)', '')),
        ];
      }),
    ),
  };
}

const markers = (name: string) => [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`] as const;

/** The block between its markers; undefined where the page has none. */
export function blockInPage(name: string): string | undefined {
  const page = readFileSync(join(DOCS, name.split(' ')[0]!), 'utf8');
  const [start, end] = markers(name);
  const from = page.indexOf(start);
  const to = page.indexOf(end, from);
  return from < 0 || to < 0 ? undefined : page.slice(from + start.length, to);
}

/** `node test/cli/docs-tables.ts` writes the blocks anew. */
if (import.meta.main) {
  for (const [name, text] of Object.entries(await generatedBlocks())) {
    const path = join(DOCS, name.split(' ')[0]!);
    const page = readFileSync(path, 'utf8');
    const [start, end] = markers(name);
    const from = page.indexOf(start) + start.length;
    writeFileSync(path, page.slice(0, from) + text + page.slice(page.indexOf(end, from)));
  }
}
