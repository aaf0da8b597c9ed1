import { isLocal, withoutSecrets } from '../../fetch/url.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { Sources } from '../sources/sources.ts';

/** Words that are releases, which stand below a mirror and not in its name. */
const RELEASE = /\/(v\d+\.\d+|edge|latest-stable)$/i;

/** What to look at where a mirror answers and has no such index. */
export function missingIndexHint(sources: Sources, spec: RepositorySpec): string {
  const { mirrors, distro } = sources;
  const remote = spec.baseUrls.find((base) => !isLocal(base)) ?? '';
  const mirror = mirrors.find((one) => remote.startsWith(one.replace(/\?.*$/s, '').replace(/\$.*$/s, '')));
  const isOfficial = distro
    .repositories({ release: spec.release, architecture: spec.architecture, mirrors })
    .some(({ baseUrls }) => baseUrls.includes(remote));
  const words = [
    ...(distro.id === 'alpine' && isOfficial ? [`the release (--release ${spec.release})`] : []),
    `the architecture (--arch ${spec.architecture})`,
    ...(isOfficial ? [] : [`the path: --repo is the folder that has ${layoutOf(spec)}`]),
  ];
  const deep = mirror === undefined ? null : RELEASE.exec(withoutSecrets(mirror));
  if (deep !== null) {
    return `Remove /${deep[1]} from --mirror, which is the folder above the releases, and pass --release ${deep[1]}.`;
  }
  const above =
    mirror === undefined
      ? ''
      : distro.id === 'alpine'
        ? ' --mirror is the folder above the releases, which often ends in /alpine.'
        : ' --mirror is the folder above core and extra.';
  return `Check ${words.join(' and ')}: the mirror has no such index.${above}`;
}

function layoutOf({ architecture, indexNames, distro }: RepositorySpec): string {
  const name = indexNames[0] ?? '';
  return distro === 'alpine' ? `${architecture}/${name}, or ${name} itself` : name;
}
