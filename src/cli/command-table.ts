import type { Command, CommandTable } from './command.ts';

/** The words that are commands. */
export function commandNames(commands: CommandTable): readonly string[] {
  return Object.keys(commands).filter((name) => name !== '');
}

export async function loadCommand(commands: CommandTable, name: string): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) throw new Error(`no command module for ${JSON.stringify(name)}`);
  return (await load()).command;
}

/** Every command, in order: for help, and where an option may be any command's. */
export function loadCommands(commands: CommandTable): Promise<readonly Command[]> {
  return Promise.all(Object.keys(commands).map((name) => loadCommand(commands, name)));
}
