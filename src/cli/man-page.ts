import { productVersion } from '../files/product-version.ts';
import { optionsOf } from './args/command-line.ts';
import { OPTIONS, type OptionSpec, optionFor } from './args/options.ts';
import { COMMAND_GROUPS, LISTINGS, loadCommand } from './commands.ts';
import { EXIT_MEANINGS } from './exit-codes.ts';
import { optionText, optionUsage } from './help.ts';

/** man(7): backslashes and dashes are escaped, and a line may not begin with a dot or quote. */
function roff(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

function optionEntry(option: OptionSpec): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `.TP\n\\fB${roff(short + optionUsage(option))}\\fR\n${roff(optionText(option))}\n`;
}

async function commandEntry(name: string): Promise<string> {
  const command = await loadCommand(name);
  const general = new Set(
    [...OPTIONS.values()].filter(({ group }) => group === 'General').map((one) => one.name),
  );
  const own = optionsOf(command).filter((option) => !general.has(option.name) || option.name === 'man');
  const about = [`${command.summary}.`, command.arguments?.describe ?? ''].filter((text) => text !== '');
  const examples = command.examples.map(
    ([line, meaning]) => `.PP\n${roff(meaning)}:\n.PP\n.nf\n    ${roff(line)}\n.fi\n`,
  );
  return [
    `.SS "compose ${roff([command.name, command.argument].join(' ').trim())}"\n`,
    `${roff(about.join('\n.br\n'))}\n`.replaceAll('\\&.br', '.br'),
    ...own.map((option) => optionEntry(optionFor(option, name))),
    ...examples,
  ].join('');
}

/** The manual page of section 1, in roff for man(1). */
export async function manPage(): Promise<string> {
  const entries = await Promise.all(
    LISTINGS.map(async ({ name, group }) => ({ group, text: await commandEntry(name) })),
  );
  const groups = COMMAND_GROUPS.map(
    (group) =>
      `.SH ${roff(group.toUpperCase()).replace(/^(.* .*)$/, '"$1"')}\n${entries
        .filter((entry) => entry.group === group)
        .map(({ text }) => text)
        .join('')}`,
  );
  const general = [...OPTIONS.values()].filter(({ group, name }) => group === 'General' && name !== 'man');
  return [
    `.TH COMPOSE 1 "" "pkgcompose ${productVersion()}" "User Commands"\n`,
    `.SH NAME\ncompose \\- compose container images from a distribution's own packages\n`,
    '.SH SYNOPSIS\n\\fBcompose\\fR \\fIPKG\\fR... [options]\n.br\n\\fBcompose\\fR \\fICOMMAND\\fR [options]\n',
    ...groups,
    `.SH "GENERAL OPTIONS"\nEvery command takes these.\n${general.map(optionEntry).join('')}`,
    `.SH "EXIT STATUS"\n${EXIT_MEANINGS.map(([code, , meaning]) => `.TP\n${code}\n${roff(meaning.replaceAll('`', ''))}\n`).join('')}`,
  ].join('');
}
