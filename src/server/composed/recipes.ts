import type { ServedRecipeRequest } from '../../app/settings/served-recipe.ts';
import type { ComposeSettings } from '../../app/settings/settings.ts';
import type { ContentDigest } from '../../model/content-digest.ts';
import { type Digest, digestOf, hexOf, isDigest } from '../../model/digest.ts';
import type { Asker, ManifestReference, Origin, ServedBlob, ServedManifest } from '../content.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { receiveAll } from '../http/receive.ts';
import { respondJson } from '../http/respond.ts';
import type { Pool } from '../workers/pool.ts';
import { identityOf, imageSettings } from './composer.ts';
import type { ImagePlace } from './image-place.ts';
import { isNoImage, noSuch } from './not-found.ts';
import type { Asked, ComposedOrigin } from './origin.ts';
import type { ReleaseState, ServedSources } from './sources.ts';

/** What images of recipes are made of. */
export interface RecipeOptions {
  readonly pool: Pool;
  readonly place: ImagePlace;
  readonly sources: ServedSources;
  readonly composed: ComposedOrigin;
  /** Settings of images, where a recipe says nothing else */
  readonly image: ComposeSettings;
  readonly epoch: number | undefined;
  /** Folder or Git checkout of the operator's recipes; undefined: there are none */
  readonly folder: string | undefined;
}

const OF_FOLDER = 'recipes/';
/** Images of recipes that clients have sent, each in a repository of its own */
const SENT = 'composed/';
/** Recipes are written by hand. */
const MAX_BYTES = 64 * 1024;
/** Hexadecimal digits of the digest of a recipe: 128 bits. */
const DIGITS = 32;

/** Images of recipes: those of a folder by name, and those that clients send to `POST /compose`. */
export class RecipeImages implements Origin, Service {
  readonly #options: RecipeOptions;

  constructor(options: RecipeOptions) {
    this.#options = options;
  }

  manifest(
    repository: string,
    reference: ManifestReference,
    asker: Asker,
  ): Promise<ServedManifest | undefined> | undefined {
    const name = this.#nameOf(repository);
    if (name === undefined && !isSent(repository)) return undefined;
    const { place } = this.#options;
    if ('digest' in reference) return Promise.resolve(place.manifest(repository, reference.digest));
    if (name === undefined) return Promise.resolve(place.last(repository, reference.tag));
    return this.#tagged(repository, name, reference.tag, asker);
  }

  blob(repository: string, digest: ContentDigest, asker: Asker): Promise<ServedBlob | undefined> | undefined {
    if (!isSent(repository) && this.#nameOf(repository) === undefined) return undefined;
    return this.#blob(repository, digest, asker);
  }

  async #blob(repository: string, digest: ContentDigest, asker: Asker): Promise<ServedBlob | undefined> {
    const { place, sources } = this.#options;
    const here = await place.blob(repository, digest);
    const sizeBytes = place.blobSize(repository, digest);
    if (here !== undefined || sizeBytes === undefined || !isDigest(digest)) return here;
    return await place.package({ digest: digest as Digest, sizeBytes, sources: await sources.all() }, asker);
  }

  tags(repository: string, asker: Asker): Promise<readonly string[] | undefined> | undefined {
    if (isSent(repository) || this.#nameOf(repository) === undefined) return undefined;
    return Promise.resolve(this.#options.place.tags(repository, asker)).then((tags) => [
      ...(tags ?? []),
      'latest',
    ]);
  }

  /** Composes the recipe in the body of a POST, and answers with the name of its image. */
  async handle(exchange: Exchange): Promise<void> {
    const { method, request } = exchange;
    if (method !== 'POST')
      throw new HttpError(405, 'UNSUPPORTED', 'send a recipe with POST', { headers: { allow: 'POST' } });
    const bytes = await receiveAll(exchange, MAX_BYTES);
    const recipe = await this.#read({ text: bytes.toString('utf8') }, exchange);
    const repository = `${SENT}${hexOf(digestOf(JSON.stringify(sorted(recipe)))).slice(0, DIGITS)}`;
    const { asked, state } = await this.#asked(repository, recipe);
    const { index, setTag } = await this.#options.composed.compose(asked, state, ['latest'], exchange);
    const host = request.headers.host ?? '';
    respondJson(
      exchange,
      201,
      {
        // The tag that never changes, which every server in front of a registry knows.
        reference: `${host}/${repository}:${setTag}`,
        digest: index.digest,
        repository,
        tags: [setTag],
      },
      { location: `/v2/${repository}/manifests/${index.digest}` },
    );
  }

  async #tagged(repository: string, name: string, ref: string, asker: Asker): Promise<ServedManifest> {
    const { folder = '', place, composed } = this.#options;
    const recipe = await this.#read({ folder, name, ref }, asker);
    const { asked, state } = await this.#asked(repository, recipe);
    const known = place.tagged(repository, ref, identityOf(asked.settings, state.generation));
    return known ?? (await composed.compose(asked, state, [ref], asker)).index;
  }

  async #read(request: ServedRecipeRequest, asker: Asker): Promise<ComposeSettings> {
    try {
      return await this.#options.pool.run('servedRecipe', request, asker);
    } catch (error) {
      if (!isNoImage(error)) throw error;
      if ('text' in request) throw new HttpError(400, 'BAD_REQUEST', error.message, { cause: error });
      throw noSuch(error.message, error);
    }
  }

  /** @throws HttpError 404 for what is not served */
  async #asked(
    repository: string,
    recipe: ComposeSettings,
  ): Promise<{ readonly asked: Asked; readonly state: ReleaseState }> {
    const { sources, image, epoch } = this.#options;
    const {
      distro = sources.distros[0] ?? '',
      release = '',
      packages = [],
      architecture,
      ...settings
    } = recipe;
    const served = await sources.served(distro, release);
    if (served === undefined) throw noSuch(`${[distro, release].join(' ').trim()} is not served here`);
    const state = await sources.state(served);
    const own =
      architecture === undefined ? state : await sources.state({ ...served, architectures: [architecture] });
    const words = state.architectures.map((known) => known.architecture);
    if (!own.architectures.every((known) => words.includes(known.architecture)))
      throw noSuch(`${distro} is not served here for ${architecture}; served: ${words.join(', ')}`);
    const named = { distro, release, packages, isBare: false };
    // The repository's name does not say which packages it has.
    const all = { ...imageSettings({ ...image, ...settings }, epoch), recipe: [packages, distro, release] };
    return { asked: { repository, named, release: served, settings: all }, state: own };
  }

  /** Name of a recipe of the folder */
  #nameOf(repository: string): string | undefined {
    const { folder } = this.#options;
    return folder === undefined || !repository.startsWith(OF_FOLDER)
      ? undefined
      : repository.slice(OF_FOLDER.length);
  }
}

function isSent(repository: string): boolean {
  return repository.startsWith(SENT);
}

/** Settings by key, so that the order in a recipe does not matter. */
function sorted(settings: ComposeSettings): readonly (readonly [string, unknown])[] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}
