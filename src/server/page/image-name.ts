import { BASE_MODES } from '../../app/settings/settings.ts';
import { imageName } from '../composed/names.ts';
import type { Visit } from './visit.ts';

/** Of a repository with its server's name: what engines and registries take */
const MAX_NAME_LENGTH = 255;

/**
 * Returns the name of the repository whose image is the bag: `alpine/v3.19/gcc/make`; undefined if no name says so, because it
 * would be too long, or because the base is neither the server's nor none.
 * @param host of the server
 */
export function repositoryOf(
  { choice, bag, base, defaultBase }: Pick<Visit, 'choice' | 'bag' | 'base' | 'defaultBase'>,
  host: string,
): string | undefined {
  const usual = defaultBase ?? BASE_MODES[0];
  const wanted = base ?? usual;
  if (wanted !== usual && wanted !== 'none') return undefined;
  const name = imageName({
    distro: choice.distro,
    release: choice.source.release,
    packages: bag,
    isBare: wanted === 'none' && usual !== 'none',
  });
  return `${host}/${name}`.length > MAX_NAME_LENGTH ? undefined : name;
}
