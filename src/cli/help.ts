import type { Command } from './command.ts';
import { loadCommand, loadCommands } from './commands.ts';
import { OPTIONS, type OptionSpec } from './options.ts';

/** Wider lines are hard to read; narrower ones leave no room beside the option names. */
const MAX_WIDTH = 110;
const MIN_WIDTH = 60;
const DEFAULT_WIDTH = 80;
/** A longer term stands on a line of its own. */
const MAX_TERM = 30;

/** `--load[=ENGINE]`, `--env NAME=VALUE` */
export function optionUsage(option: OptionSpec): string {
  if (option.value === 'none') return `--${option.name}`;
  const value = option.choices?.join('|') ?? option.placeholder ?? 'VALUE';
  return option.value === 'optional' ? `--${option.name}[=${value}]` : `--${option.name} ${value}`;
}

/** `compose build RECIPE [options]` */
export function commandUsage(command: Command): string {
  const words = ['compose', command.name, command.positional?.usage ?? '', '[options]'];
  return words.filter((word) => word !== '').join(' ');
}

export function optionText(option: OptionSpec): string {
  const repeat = option.repeatable === true ? ' (repeatable)' : '';
  const fallback = option.defaultText === undefined ? '' : ` [default: ${option.defaultText}]`;
  return `${option.describe}${repeat}${fallback}`;
}

function wrap(text: string, width: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1]!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

type Row = readonly [term: string, text: string];

/** Terms on the left, texts wrapped on the right. */
function section(title: string, rows: readonly Row[], width: number): string {
  if (rows.length === 0) return '';
  const fitting = rows.map(([term]) => term.length).filter((length) => length <= MAX_TERM);
  const column = Math.max(0, ...fitting) + 4;
  const lines = rows.flatMap(([term, text]) => {
    const [first = '', ...rest] = wrap(text, width - column);
    const indent = ' '.repeat(column);
    const head =
      term.length + 4 > column
        ? [`  ${term}`, `${indent}${first}`]
        : [`${`  ${term}`.padEnd(column)}${first}`];
    return [...head, ...rest.map((line) => `${indent}${line}`)];
  });
  return `\n${title}:\n${lines.map((line) => `${line.trimEnd()}\n`).join('')}`;
}

function optionRow(option: OptionSpec): Row {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return [`${short}${optionUsage(option)}`, optionText(option)];
}

function optionSections(command: Command, width: number): string {
  const options = command.options.map((name) => OPTIONS.get(name)!);
  const groups = [...new Set(options.map((option) => option.group))];
  return groups
    .map((group) => section(group, options.filter((option) => option.group === group).map(optionRow), width))
    .join('');
}

/** The text of `compose --help` (name: empty) or of `compose NAME --help`. */
export async function helpText(name: string, columns: number | undefined): Promise<string> {
  const width = Math.max(MIN_WIDTH, Math.min(columns ?? DEFAULT_WIDTH, MAX_WIDTH));
  const command = await loadCommand(name);
  const others = name === '' ? (await loadCommands()).filter((other) => other.name !== '') : [];
  const { positional } = command;
  return [
    `${commandUsage(command)}\n`,
    name === '' ? 'compose COMMAND [options]\n' : '',
    `\n${wrap(`${command.summary}.`, width).join('\n')}\n`,
    section(
      'Commands',
      others.map((other) => [`${other.name} ${other.positional?.usage ?? ''}`.trim(), other.summary]),
      width,
    ),
    positional === undefined ? '' : section('Arguments', [[positional.usage, positional.describe]], width),
    optionSections(command, width),
    `\nExamples:\n${command.examples.map(([line, meaning]) => `  # ${meaning}\n  ${line}\n`).join('')}`,
    name === '' ? '\ncompose COMMAND --help shows a command. Exit codes: docs/cli.md\n' : '',
  ].join('');
}
