import { distroOf } from '../../distros/families.ts';
import { architectureOf, platformOf } from '../../distros/platforms.ts';
import type { DistroId } from '../../model/package.ts';
import { platformText } from '../../model/platform.ts';
import type { SourceOptions } from '../../model/request.ts';

/** A release of a distribution for an architecture, whose packages the page shows. */
export interface Choice {
  /** `alpine/v3.19/x86_64` */
  readonly id: string;
  readonly distro: DistroId;
  readonly release: string;
  /** The distribution's word: `x86_64` */
  readonly architecture: string;
  /** `linux/amd64` */
  readonly platform: string;
  readonly source: SourceOptions;
}

/** Lists the choices that the configured sources give, in their order; of equal ones the first. @throws AppError USAGE */
export async function choicesOf(sources: readonly SourceOptions[]): Promise<readonly Choice[]> {
  const choices = await Promise.all(sources.map(choiceOf));
  return [...new Map(choices.toReversed().map((choice) => [choice.id, choice])).values()].toReversed();
}

async function choiceOf(source: SourceOptions): Promise<Choice> {
  const distro = await distroOf(source.distro);
  const release = source.release === '' ? distro.releases.default : source.release;
  const architecture = architectureOf(distro, source.architecture);
  return {
    id: `${distro.id}/${release}/${architecture}`,
    distro: distro.id,
    release,
    architecture,
    platform: platformText(platformOf(distro, architecture)),
    source,
  };
}
