import { productVersion } from '../files/product-version.ts';
import { GENERAL_OPTIONS } from './args/general-options.ts';
import type { Option } from './args/option.ts';
import { type Command, type CommandTable, loadCommands } from './command.ts';
import { EXIT_MEANINGS } from './exit-codes.ts';
import { commandGroups, optionText, optionUsage } from './help.ts';

/** Escapes text for roff, man(7): backslashes and dashes, and a dot or quote at the beginning of a line. */
function roff(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

function optionEntry([name, option]: readonly [name: string, option: Option]): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `.TP\n\\fB${roff(short + optionUsage(name, option))}\\fR\n${roff(optionText(option))}\n`;
}

function commandEntry(command: Command): string {
  const own = Object.entries(command.options).filter(([name]) => !Object.hasOwn(GENERAL_OPTIONS, name));
  const about = [`${command.summary}.`, command.arguments?.describe ?? ''].filter((text) => text !== '');
  const examples = command.examples.map(
    ([line, meaning]) => `.PP\n${roff(meaning)}:\n.PP\n.nf\n    ${roff(line)}\n.fi\n`,
  );
  return [
    `.SS "compose ${roff([command.name, command.argument].join(' ').trim())}"\n`,
    `${roff(about.join('\n.br\n'))}\n`.replaceAll('\\&.br', '.br'),
    ...own.map(optionEntry),
    ...examples,
  ].join('');
}

/** Writes the manual page (section 1) in roff. */
export async function manPage(table: CommandTable): Promise<string> {
  const commands = await loadCommands(table);
  const groups = commandGroups(commands).map(
    (group) =>
      `.SH ${roff(group.toUpperCase()).replace(/^(.* .*)$/, '"$1"')}\n${commands
        .filter((command) => command.group === group)
        .map(commandEntry)
        .join('')}`,
  );
  return [
    `.TH COMPOSE 1 "" "pkgcompose ${productVersion()}" "User Commands"\n`,
    `.SH NAME\ncompose \\- compose container images from a distribution's own packages\n`,
    '.SH SYNOPSIS\n\\fBcompose\\fR \\fIPKG\\fR... [options]\n.br\n\\fBcompose\\fR \\fICOMMAND\\fR [options]\n',
    ...groups,
    `.SH "GENERAL OPTIONS"\nEvery command takes these.\n${Object.entries(GENERAL_OPTIONS).map(optionEntry).join('')}`,
    `.SH "EXIT STATUS"\n${EXIT_MEANINGS.map(([code, , meaning]) => `.TP\n${code}\n${roff(meaning.replaceAll('`', ''))}\n`).join('')}`,
  ].join('');
}
