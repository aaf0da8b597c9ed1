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
    name: 'search',
    argument: 'WORD…',
    summary: 'Search packages by name, description and what they provide',
    load: () => import('./commands/search.ts'),
  },
  {
    name: 'show',
    argument: 'PKG…',
    summary: 'Show everything that is known of packages',
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'files',
    argument: 'PKG…',
    summary: 'List the files that packages ship',
    load: () => import('./commands/files.ts'),
  },
  {
    name: 'owns',
    argument: 'PATH…',
    summary: 'Show which packages ship a path',
    load: () => import('./commands/owns.ts'),
  },
  {
    name: 'depends',
    argument: 'PKG…',
    summary: 'Show what packages depend on, directly or as a tree of all that would be installed',
    load: () => import('./commands/depends.ts'),
  },
  {
    name: 'rdepends',
    argument: 'NAME',
    summary: 'Show which packages of the repositories depend on a package',
    load: () => import('./commands/rdepends.ts'),
  },
  {
    name: 'why',
    argument: 'PKG',
    summary: 'Show why a package would be installed with others',
    load: () => import('./commands/why.ts'),
  },
  {
    name: 'providers',
    argument: 'NAME',
    summary: 'Show who provides a library, command or virtual package, and who would be chosen',
    load: () => import('./commands/providers.ts'),
  },
  {
    name: 'graph',
    argument: 'PKG…',
    summary: 'Print what would be installed, and why, as a graph for Graphviz (DOT)',
    load: () => import('./commands/graph.ts'),
  },
  {
    name: 'vercmp',
    argument: 'A [OP] B',
    summary: 'Compare versions as the package manager does',
    load: () => import('./commands/vercmp.ts'),
  },
  {
    name: 'verify',
    argument: 'IMAGE',
    summary: 'Check every layer of an image against the signatures and checksums of its distribution',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'diff',
    argument: 'A B',
    summary: 'Show how two images differ: packages, layers, files, configuration',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'push',
    argument: 'IMAGE REF',
    summary: 'Push an image of a tar or an OCI layout folder to a registry',
    load: () => import('./commands/push.ts'),
  },
  {
    name: 'pull',
    argument: 'REF',
    summary: 'Get an image from a registry, verified, as a tar or an OCI layout folder',
    load: () => import('./commands/pull.ts'),
  },
  {
    name: 'cp',
    argument: 'FROM TO',
    summary: 'Copy an image, with all its platforms, between registries, tars and OCI layout folders',
    load: () => import('./commands/cp.ts'),
  },
  {
    name: 'tags',
    argument: 'REG/NAME',
    summary: 'List the tags of a repository in a registry',
    load: () => import('./commands/tags.ts'),
  },
  {
    name: 'inspect',
    argument: 'IMAGE',
    summary: 'Show what an image is made of: its configuration, layers and packages',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'rm',
    argument: 'REF',
    summary: 'Remove a tag, or a manifest by its digest, from a registry',
    load: () => import('./commands/rm.ts'),
  },
  {
    name: 'login',
    argument: 'REG',
    summary: 'Check a login to a registry, and keep it where docker and podman look',
    load: () => import('./commands/login.ts'),
  },
  {
    name: 'logout',
    argument: 'REG',
    summary: 'Forget the login to a registry',
    load: () => import('./commands/logout.ts'),
  },
  {
    name: 'artifact',
    argument: 'push|pull|fetch REF…',
    summary: 'Keep files and folders in a registry, as the ORAS command line does, and get them from there',
    load: () => import('./commands/artifact.ts'),
  },
  {
    name: 'catalog',
    argument: 'push|pull REF',
    summary:
      'Publish what is known of packages in a registry, so that others compose without downloading them',
    load: () => import('./commands/catalog.ts'),
  },
  {
    name: 'mirror',
    argument: 'add|ls REG/NAME',
    summary: 'Copy package repositories into a registry, where oci:// URLs find them',
    load: () => import('./commands/mirror.ts'),
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
