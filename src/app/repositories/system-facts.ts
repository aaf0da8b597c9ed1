import type { SystemFacts } from '../../distros/install.ts';
import { type IndexedRepository, releaseIn } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import type { Lookup } from './lookup.ts';

/** Describes a system that is installed from the repositories; packages of tagged repositories do not count. */
export function systemOf({
  sources,
  repositories,
  source,
}: Pick<Lookup, 'sources' | 'repositories' | 'source'>): SystemFacts {
  const { releases, resolver } = sources.distro;
  const versions = source
    .byName(releases.managerPackage)
    .filter(({ tag }) => tag === '')
    .map(({ version }) => version);
  return {
    release: releaseOf({ sources, repositories }),
    packageManager: versions.sort(resolver.versions.compare).at(-1) ?? '',
  };
}

/** Returns the release that `latest-stable` stands for, from the first repository that says so. */
function releaseOf({
  sources,
  repositories,
}: {
  readonly sources: Sources;
  readonly repositories: readonly IndexedRepository[];
}): string {
  const releases = repositories.map((repository) => releaseIn(repository, sources));
  return releases.find((release) => release !== sources.distro.releases.default) ?? sources.release;
}
