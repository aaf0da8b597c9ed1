import { relocateTree } from '../../compose/relocate.ts';
import { type TargetTree, targetTree } from '../../compose/target-tree.ts';
import type { Installation, InstalledPackage } from '../../distros/install.ts';
import { AppError } from '../../model/app-error.ts';
import type { ComposeRequest } from '../../model/request.ts';
import type { Resolution } from '../repositories/resolve.ts';
import { releaseIn } from '../sources/indexed-repository.ts';

/** Input of installedTree. */
export interface InstalledTreeInput {
  readonly request: ComposeRequest;
  readonly resolution: Resolution;
  /** Packages in install order */
  readonly installed: readonly InstalledPackage[];
  /** Seconds since the epoch */
  readonly time: number;
}

/** Number of steps that a message lists. */
const MAX_NAMED = 5;

/**
 * Returns the tree that the real package manager would have made, moved below the prefix if there is one.
 * @throws AppError CONFLICT, BAD_ARCHIVE as targetTree; UNSUPPORTED if scripts would act outside of the prefix
 */
export async function installedTree(input: InstalledTreeInput): Promise<TargetTree> {
  const { request, time } = input;
  const installation = await installationOf(input);
  if (request.prefix === '') return lay(input, installation);
  if (request.scripts)
    refuseScripts(request.prefix, (await lay(input, { ...installation, mode: 'deferred' })).pendingSteps);
  const target = await lay(input, { ...installation, scripts: false });
  // Engines read no files below a prefix.
  return { ...target, tree: relocateTree(target.tree, request.prefix, time), read: () => undefined };
}

async function lay(
  { resolution, request, installed, time }: InstalledTreeInput,
  what: Installation,
): Promise<TargetTree> {
  const { distro } = resolution.sources;
  const installer = await distro.install.installer(what);
  // Device nodes and empty folders of a root are useless below another one.
  const own = request.prefix === '' ? installer : { ...installer, begin() {} };
  return targetTree({ packages: installed, rules: distro.install.tree, installer: own, time });
}

async function installationOf(input: InstalledTreeInput): Promise<Installation> {
  const { request, resolution, installed, time } = input;
  const repositories = ownRepositories(request, resolution);
  return {
    packages: installed,
    targets: resolution.targets,
    architecture: resolution.sources.architecture,
    system: resolution.system,
    repositories,
    keys: repositories.length === 0 ? [] : await signingKeys(resolution, installed),
    mode: request.install,
    scripts: request.scripts,
    database: request.database,
    time,
  };
}

/**
 * Returns the distribution's repositories as its own image lists them, of the release that they are now, whichever mirror they
 * came from: the same packages give the same image. None if the user named others: `apk -X` does not keep those either.
 */
function ownRepositories(request: ComposeRequest, { sources, repositories }: Resolution): readonly string[] {
  if (request.source.repositories.length > 0) return [];
  const { distro, release, architecture } = sources;
  const official = distro.repositories.official({ release, architecture, mirrors: [] });
  return repositories.flatMap((repository) => {
    const [url] = official.find(({ name }) => name === repository.spec.name)?.baseUrls ?? [];
    if (url === undefined) return [];
    return [
      url
        .replace(new RegExp(`/${architecture}$`), '')
        .replace(`/${distro.releases.default}/`, `/${releaseIn(repository, sources)}/`),
    ];
  });
}

/** Returns the keys that signed the packages, as the distribution installs them. */
async function signingKeys(
  { sources, repositories }: Resolution,
  installed: readonly InstalledPackage[],
): Promise<Installation['keys']> {
  const names = [
    ...repositories.map(({ row }) => row.signedBy),
    ...installed.map(({ facts }) => facts.signedBy),
  ];
  return sources.distro.keys.installed(await sources.trust.policy(), [...new Set(names)].sort());
}

function refuseScripts(prefix: string, steps: readonly string[]): void {
  if (steps.length === 0) return;
  const named = steps.slice(0, MAX_NAMED).join(', ');
  const more = steps.length > MAX_NAMED ? ` and ${steps.length - MAX_NAMED} more` : '';
  throw new AppError(
    'UNSUPPORTED',
    `--prefix /${prefix}: ${steps.length} of the packages' scripts would change the root, not /${prefix}: ${named}${more}`,
    {
      hint: 'Use --no-scripts to omit them.',
      details: { prefix: `/${prefix}`, steps },
    },
  );
}
