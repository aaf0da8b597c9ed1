import { AppError } from '../../model/app-error.ts';
import { relationName } from '../../model/relation.ts';
import type { Architectures, Distro, Repositories } from '../distro.ts';
import type { RemainingSteps } from '../install.ts';
import type { Resolver } from '../resolver.ts';
import { isAnyArchitecture } from '../shared/any-architecture.ts';
import { ARCHITECTURES, takesArchitecture } from './architectures.ts';
import { base } from './base.ts';
import { fileLists, readDatabase } from './database.ts';
import { describe } from './describe.ts';
import { archFamily } from './family.ts';
import { database, metadata } from './image-files.ts';
import { keys } from './keys.ts';
import { providersOf, satisfies } from './providers.ts';
import { isOperator, versionMatches } from './relation.ts';
import { DEFAULT_RELEASE, layout, repositories as official, parseRepositoryLine } from './repositories.ts';
import { solve } from './solver.ts';
import { tree } from './tree.ts';
import { compareVersions, isValidVersion } from './version.ts';

const architectures: Architectures = {
  words: Object.fromEntries(
    Object.entries(ARCHITECTURES).flatMap(([word, { oci, aliases = [] }]) =>
      [oci, ...aliases].map((name) => [name, word]),
    ),
  ),
  platforms: Object.fromEntries(Object.entries(ARCHITECTURES).map(([word, { oci }]) => [word, oci])),
  takes: (wanted, of) => takesArchitecture(wanted, of) || isAnyArchitecture(of),
  isAny: isAnyArchitecture,
};

const repositories: Repositories = {
  official,
  parse(line, query) {
    const spec = parseRepositoryLine(line, query);
    if (spec !== undefined) return spec;
    throw new AppError(
      'USAGE',
      `not a repository: expected URL, DIR or NAME=URL, got ${JSON.stringify(line)}`,
    );
  },
  readIndex: readDatabase,
  fileLists,
  layout,
};

const resolver: Resolver = {
  solve,
  satisfies,
  providersOf,
  versions: {
    compare: compareVersions,
    holds: (a, operator, version) =>
      isOperator(operator) ? versionMatches(a, { operator, version }) : undefined,
    isValid: isValidVersion,
  },
  relations: {
    targetName: relationName,
    provided: [],
    optionalField: 'OPTDEPENDS',
  },
};

/** Step of ldconfig, which may be followed by a reason in parentheses */
const LDCONFIG_STEP = /^ldconfig(?: \(|$)/;

/**
 * Returns the steps that pacman still does without a shell: it reports scriptlets and hooks, goes on, and runs ldconfig, which
 * needs no shell.
 */
function withoutShell(steps: readonly string[]): RemainingSteps {
  const skipped = steps.filter((step) => !LDCONFIG_STEP.test(step));
  return { skipped, command: skipped.length < steps.length ? ['/sbin/ldconfig'] : undefined };
}

/** Code of the Arch family: pacman's databases and packages, and libalpm's solver. */
export const arch: Distro = {
  id: archFamily.id,
  architectures,
  releases: {
    default: DEFAULT_RELEASE,
    managerPackage: archFamily.tool,
    of: (_clues, spec) => spec.release,
  },
  repositories,
  archives: {
    names: archFamily.archiveNames,
    read: async (input) => (await import('./package-archive.ts')).readPackageArchive(input),
    readUnverified: async (input) => (await import('./package-archive.ts')).readUnverified(input),
    // Signature and checksum cover the whole archive.
    unsigned: () => ({ endsAt: 0, tarEndsAt: 0, parts: [] }),
    describe,
    metadata,
  },
  resolver,
  install: {
    environment: {
      path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      shells: ['/bin/bash', '/usr/bin/bash', '/bin/sh', '/usr/bin/sh'],
    },
    base,
    tree,
    installer: async (installation) => (await import('./installer.ts')).installer(installation),
    withoutShell,
    database,
  },
  keys,
};
