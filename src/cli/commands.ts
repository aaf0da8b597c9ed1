import type { Command, CommandGroup, CommandModule, Listing } from './command.ts';

interface Entry extends Listing {
  /** Imported only when the command is asked for */
  load(): Promise<{ readonly command: CommandModule }>;
}

const ENTRIES: readonly Entry[] = [
  {
    name: '',
    argument: 'PKG…',
    group: 'Images',
    summary: 'Compose an image of packages and their dependencies',
    load: () => import('./commands/compose.ts'),
  },
  {
    name: 'build',
    argument: 'RECIPE',
    group: 'Images',
    summary: 'Compose the image that a recipe file describes',
    load: () => import('./commands/build.ts'),
  },
  {
    name: 'plan',
    argument: 'PKG…',
    group: 'Images',
    summary: 'Show what would be installed, and how large it is',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'verify',
    argument: 'IMAGE',
    group: 'Images',
    summary: 'Check an image against its distribution’s signatures',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'diff',
    argument: 'A B',
    group: 'Images',
    summary: 'Compare two images: packages, layers, files, config',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'inspect',
    argument: 'IMAGE',
    group: 'Images',
    summary: 'Show an image’s configuration, layers and packages',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'cp',
    argument: 'FROM TO',
    group: 'Images',
    summary: 'Copy images between registries, tars and OCI layouts',
    load: () => import('./commands/cp.ts'),
  },
  {
    name: 'search',
    argument: 'WORD…',
    group: 'Packages',
    summary: 'Search names, descriptions and what packages provide',
    load: () => import('./commands/search.ts'),
  },
  {
    name: 'show',
    argument: 'PKG…',
    group: 'Packages',
    summary: 'Show all that is known about packages',
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'files',
    argument: 'PKG…',
    group: 'Packages',
    summary: 'List the files that packages ship',
    load: () => import('./commands/files.ts'),
  },
  {
    name: 'owns',
    argument: 'PATH…',
    group: 'Packages',
    summary: 'Find the packages that ship a path',
    load: () => import('./commands/owns.ts'),
  },
  {
    name: 'depends',
    argument: 'PKG…',
    group: 'Packages',
    summary: 'Show dependencies, as a list or a tree',
    load: () => import('./commands/depends.ts'),
  },
  {
    name: 'rdepends',
    argument: 'NAME',
    group: 'Packages',
    summary: 'Show which packages depend on a package',
    load: () => import('./commands/rdepends.ts'),
  },
  {
    name: 'why',
    argument: 'PKG',
    group: 'Packages',
    summary: 'Explain why a package would be installed',
    load: () => import('./commands/why.ts'),
  },
  {
    name: 'providers',
    argument: 'NAME',
    group: 'Packages',
    summary: 'Show which packages provide a library or command',
    load: () => import('./commands/providers.ts'),
  },
  {
    name: 'graph',
    argument: 'PKG…',
    group: 'Packages',
    summary: 'Print the dependency graph for Graphviz (DOT)',
    load: () => import('./commands/graph.ts'),
  },
  {
    name: 'vercmp',
    argument: 'A [OP] B',
    group: 'Packages',
    summary: 'Compare versions as the package manager does',
    load: () => import('./commands/vercmp.ts'),
  },
  {
    name: 'index',
    argument: '',
    group: 'Repositories and cache',
    summary: 'Fetch and verify the indexes of repositories',
    load: () => import('./commands/index.ts'),
  },
  {
    name: 'ingest',
    argument: 'FILE|DIR|URL…',
    group: 'Repositories and cache',
    summary: 'Verify package archives and add them to the cache',
    load: () => import('./commands/ingest.ts'),
  },
  {
    name: 'mirror',
    argument: 'add|ls REG/NAME',
    group: 'Repositories and cache',
    summary: 'Mirror package repositories into a registry',
    load: () => import('./commands/mirror.ts'),
  },
  {
    name: 'catalog',
    argument: 'push|pull REF',
    group: 'Repositories and cache',
    summary: 'Share package metadata through a registry',
    load: () => import('./commands/catalog.ts'),
  },
  {
    name: 'cache',
    argument: 'ls|verify|gc',
    group: 'Repositories and cache',
    summary: 'List, check or shrink the cache',
    load: () => import('./commands/cache.ts'),
  },
  {
    name: 'push',
    argument: 'IMAGE REF',
    group: 'Registries',
    summary: 'Push an image to a registry',
    load: () => import('./commands/push.ts'),
  },
  {
    name: 'pull',
    argument: 'REF',
    group: 'Registries',
    summary: 'Pull an image into a tar or an OCI layout folder',
    load: () => import('./commands/pull.ts'),
  },
  {
    name: 'tags',
    argument: 'REG/NAME',
    group: 'Registries',
    summary: 'List the tags of a repository',
    load: () => import('./commands/tags.ts'),
  },
  {
    name: 'rm',
    argument: 'REF',
    group: 'Registries',
    summary: 'Remove a tag or a manifest from a registry',
    load: () => import('./commands/rm.ts'),
  },
  {
    name: 'login',
    argument: 'REG',
    group: 'Registries',
    summary: 'Log in to a registry',
    load: () => import('./commands/login.ts'),
  },
  {
    name: 'logout',
    argument: 'REG',
    group: 'Registries',
    summary: 'Log out of a registry',
    load: () => import('./commands/logout.ts'),
  },
  {
    name: 'artifact',
    argument: 'ACTION REF…',
    group: 'Registries',
    summary: 'Store files in a registry and fetch them (ORAS)',
    load: () => import('./commands/artifact.ts'),
  },
  {
    name: 'completion',
    argument: 'SHELL',
    group: 'Shell',
    summary: 'Print the completion script for a shell',
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'help',
    argument: '[COMMAND]',
    group: 'Shell',
    summary: 'Show help for compose or one of its commands',
    load: () => import('./commands/help.ts'),
  },
  {
    name: 'version',
    argument: '',
    group: 'Shell',
    summary: 'Print the version',
    load: () => import('./commands/version.ts'),
  },
];

/** Commands in the order of `compose help`; the first is `compose PKG…`, which has no word. */
export const LISTINGS: readonly Listing[] = ENTRIES;

/** Headings of `compose help`, in order. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [...new Set(ENTRIES.map(({ group }) => group))];

export const COMMAND_NAMES: readonly string[] = ENTRIES.map(({ name }) => name).filter((name) => name !== '');

export async function loadCommand(name: string): Promise<Command> {
  const entry = ENTRIES.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`no command module for ${JSON.stringify(name)}`);
  const { load, ...listing } = entry;
  return { ...listing, ...(await load()).command };
}
