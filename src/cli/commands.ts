import type { Command } from './command.ts';

/** Every command's module by its word; one is imported only when it is asked for. Empty: `compose PKG…`. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  '': () => import('./commands/compose.ts'),
  build: () => import('./commands/build.ts'),
  index: () => import('./commands/index.ts'),
  ingest: () => import('./commands/ingest.ts'),
  plan: () => import('./commands/plan.ts'),
  cache: () => import('./commands/cache.ts'),
  completion: () => import('./commands/completion.ts'),
};

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS).filter((name) => name !== '');

export async function loadCommand(name: string): Promise<Command> {
  const load = COMMANDS[name];
  if (load === undefined) throw new Error(`no command module for ${JSON.stringify(name)}`);
  return (await load()).command;
}

export function loadCommands(): Promise<readonly Command[]> {
  return Promise.all(Object.keys(COMMANDS).map(loadCommand));
}
