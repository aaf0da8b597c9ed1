import type { ContentReport, ContentRequest } from '../../app/compose/compose-content.ts';
import { type ComposeSettings, composeRequest } from '../../app/settings/settings.ts';
import { digestOf } from '../../model/digest.ts';
import type { Asker } from '../content.ts';
import type { Pool } from '../workers/pool.ts';
import { type ComposedImage, imageIndex } from './image-index.ts';
import type { NamedImage } from './names.ts';
import { isNoImage, noImage, noSuch } from './not-found.ts';
import { generationOf, type ReleaseState, type ServedRelease } from './sources.ts';

/** How images are composed: everything but packages and sources. */
export type ImageSettings = Omit<ContentRequest, 'source' | 'packages'>;

/** An image that was composed, and from what. */
export interface ComposedNow extends ComposedImage {
  /** As of ReleaseState */
  readonly generation: string;
}

/**
 * Composes an image for all architectures of a release. Those that cannot have it are left out, unless none can.
 * @throws HttpError 404 if there is no such image; as Pool.run
 */
export async function composeImage(
  pool: Pool,
  {
    named,
    release: { source },
    state,
    settings,
  }: {
    readonly named: NamedImage;
    readonly release: ServedRelease;
    readonly state: ReleaseState;
    readonly settings: ImageSettings;
  },
  asker: Asker,
): Promise<ComposedNow> {
  const { packages } = named;
  if (state.architectures.length === 0)
    throw noSuch(
      `the catalog of this server has no packages of ${[named.distro, named.release].join(' ').trim()}`,
    );
  const outcomes = await Promise.allSettled(
    state.architectures.map(({ architecture }) =>
      pool.run('composeContent', { ...settings, source: { ...source, architecture }, packages }, asker),
    ),
  );
  const images: ContentReport[] = [];
  const leftOut = [];
  const reached = [];
  for (const [index, outcome] of outcomes.entries()) {
    const { architecture = '', generation = '' } = state.architectures[index] ?? {};
    if (outcome.status === 'fulfilled') {
      images.push(outcome.value);
      reached.push({ architecture, generation: outcome.value.generation });
    } else if (isNoImage(outcome.reason)) {
      leftOut.push({ architecture, error: outcome.reason });
      reached.push({ architecture, generation });
    } else throw outcome.reason;
  }
  const [first] = leftOut;
  if (images.length === 0 && first !== undefined) throw noImage(named, first.error);
  const reasons = leftOut.map(({ architecture, error }) => ({ architecture, reason: error.message }));
  return { ...imageIndex(images, reasons), generation: generationOf(reached) };
}

/** Returns the settings of an image, with defaults, for any packages. @throws AppError USAGE */
export function imageSettings(image: ComposeSettings, epoch: number | undefined): ImageSettings {
  const { source, packages, tags, output, dryRun, ...settings } = composeRequest(
    { ...image, packages: ['any'] },
    epoch,
  );
  return settings;
}

/** Returns the settings of the image of a name. */
export function settingsOf(settings: ImageSettings, { isBare }: NamedImage): ImageSettings {
  return isBare ? { ...settings, base: 'none' } : settings;
}

/** Returns a text that is equal for the same settings and generation: what is composed under a name then is the same. */
export function identityOf(settings: ImageSettings, generation: string): string {
  return digestOf(JSON.stringify([settings, generation]));
}
