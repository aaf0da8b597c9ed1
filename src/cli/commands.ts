import type { Command, CommandModule, Listing } from './command.ts';

interface Entry extends Listing {
  /** Imported only when the command is asked for */
  load(): Promise<{ readonly command: CommandModule }>;
}

const ENTRIES: readonly Entry[] = [
  {
    name: '',
    argument: 'PKG…',
    summary: 'Compose an image of packages and all they depend on',
    load: () => import('./commands/compose.ts'),
  },
  {
    name: 'build',
    argument: 'RECIPE',
    summary: 'Compose what a recipe file says; options override it',
    load: () => import('./commands/build.ts'),
  },
  {
    name: 'index',
    argument: '',
    summary: 'Fetch, verify and catalog the indexes of repositories',
    load: () => import('./commands/index.ts'),
  },
  {
    name: 'ingest',
    argument: 'FILE|DIR|URL…',
    summary: 'Verify package archives and add them to the cache and catalog',
    load: () => import('./commands/ingest.ts'),
  },
  {
    name: 'plan',
    argument: 'PKG…',
    summary: 'Show which packages would be installed, and how large they are',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'cache',
    argument: 'ls|verify|gc',
    summary: 'List, verify or shrink the cache',
    load: () => import('./commands/cache.ts'),
  },
  {
    name: 'completion',
    argument: 'bash|zsh|fish',
    summary: 'Print the completion script of a shell',
    load: () => import('./commands/completion.ts'),
  },
];

/** What `compose --help` says of each command; the first is `compose PKG…`, which has no word. */
export const LISTINGS: readonly Listing[] = ENTRIES;

export const COMMAND_NAMES: readonly string[] = ENTRIES.map(({ name }) => name).filter((name) => name !== '');

export async function loadCommand(name: string): Promise<Command> {
  const entry = ENTRIES.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`no command module for ${JSON.stringify(name)}`);
  const { argument, summary, load } = entry;
  return { name, argument, summary, ...(await load()).command };
}
