import { isLocal, withoutSecrets } from '../../fetch/url.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { Sources } from '../sources/sources.ts';

/** Returns a hint on what to check if a mirror answers but has no such index. */
export function missingIndexHint(sources: Sources, spec: RepositorySpec): string {
  const { mirrors, distro } = sources;
  const { official, layout } = distro.repositories;
  const remote = spec.baseUrls.find((base) => !isLocal(base)) ?? '';
  const mirror = mirrors.find((known) =>
    remote.startsWith(known.replace(/\?.*$/s, '').replace(/\$.*$/s, '')),
  );
  const isOfficial = official({ release: spec.release, architecture: spec.architecture, mirrors }).some(
    ({ baseUrls }) => baseUrls.includes(remote),
  );
  const words = [
    ...(layout.releaseAtEnd !== undefined && isOfficial ? [`the release (--release ${spec.release})`] : []),
    `the architecture (--arch ${spec.architecture})`,
    ...(isOfficial ? [] : [`the path: --repo is the folder that has ${layout.indexPlaces(spec)}`]),
  ];
  const release = mirror === undefined ? undefined : layout.releaseAtEnd?.(withoutSecrets(mirror));
  if (release !== undefined) {
    return `Remove /${release} from --mirror, which is the folder above the releases, and pass --release ${release}.`;
  }
  const above = mirror === undefined ? '' : ` --mirror is ${layout.root}.`;
  return `Check ${words.join(' and ')}: the mirror has no such index.${above}`;
}
