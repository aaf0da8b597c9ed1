import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../../src/app/settings/settings.ts';
import { OPTIONS } from '../../src/cli/args/options.ts';
import { LISTINGS, loadCommand } from '../../src/cli/commands.ts';
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.ts';
import { commandUsage, optionText, optionUsage } from '../../src/cli/help.ts';
import { documentedFunctions } from '../library/documented.ts';
import { jsonShapes } from './json-shapes.ts';

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

/** What the code says, for each generated block of the docs. */
export async function generatedBlocks(): Promise<Readonly<Record<string, string>>> {
  const commands = await Promise.all(LISTINGS.map(({ name }) => loadCommand(name)));
  const takenBy = (option: string) => {
    const names = commands
      .filter(({ options }) => options.includes(option))
      .map(({ name }) => name || 'PKG…');
    return names.length === commands.length ? 'all' : names.join(', ');
  };
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
      [...OPTIONS.values()].map((option) => [
        code(`${option.short === undefined ? '' : `-${option.short}, `}${optionUsage(option)}`),
        cell(optionText(option)),
        takenBy(option.name),
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
        const option = OPTIONS.get(flag);
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
