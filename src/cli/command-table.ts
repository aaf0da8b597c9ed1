import type { Command, CommandTable } from './command.ts';

/** Returns the words that are commands. */
export function commandNames(commands: CommandTable): readonly string[] {
  return Object.keys(commands).filter((name) => name !== '');
}

export async function loadCommand(commands: CommandTable, name: string): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) throw new Error(`no command module for ${JSON.stringify(name)}`);
  return (await load()).command;
}

/** Loads every command, in order: for help, and to look an option up in all of them. */
export function loadCommands(commands: CommandTable): Promise<readonly Command[]> {
  return Promise.all(Object.keys(commands).map((name) => loadCommand(commands, name)));
}
