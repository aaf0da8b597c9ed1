import type { ContentDigest } from '../../model/content-digest.ts';
import { type Digest, isDigest } from '../../model/digest.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Asker, ManifestReference, Origin, ServedBlob, ServedManifest } from '../content.ts';
import { ContentGone } from '../http/content-gone.ts';
import { HttpError } from '../http/http-error.ts';
import type { Pool } from '../workers/pool.ts';
import { composeImage, type ImageSettings, identityOf, settingsOf } from './composer.ts';
import type { ComposedImage } from './image-index.ts';
import { type ImagePlace, orElse } from './image-place.ts';
import { imageName, type NamedImage, type NamedTag, readImageName, readTag } from './names.ts';
import { noSuch } from './not-found.ts';
import type { ReleaseState, ServedRelease, ServedSources } from './sources.ts';

/** What composed images are made of. */
export interface ComposedOptions {
  readonly pool: Pool;
  readonly place: ImagePlace;
  readonly sources: ServedSources;
  readonly settings: ImageSettings;
  /** Counts an image of a client that has to be composed. @throws HttpError 429 */
  readonly admit?: ((asker: Asker) => void) | undefined;
  /** Counts an image that was asked for by tag and had not to be composed */
  readonly known?: (() => void) | undefined;
}

/** An image to compose, and the repository that is to have it. */
export interface Asked {
  readonly repository: string;
  readonly named: NamedImage;
  readonly release: ServedRelease;
  readonly settings: ImageSettings;
}

/** Images that are composed when somebody asks for their names (names.ts). */
export class ComposedOrigin implements Origin {
  readonly #options: ComposedOptions;

  constructor(options: ComposedOptions) {
    this.#options = options;
  }

  /** Waits until everything that was composed has been written down. */
  close(): Promise<void> {
    return this.#options.place.close();
  }

  manifest(
    repository: string,
    reference: ManifestReference,
    asker: Asker,
  ): ServedManifest | undefined | Promise<ServedManifest | undefined> {
    const named = this.#named(repository);
    if (named === undefined) return undefined;
    if ('tag' in reference) return this.#tagged(repository, named, reference.tag, asker);
    const { digest } = reference;
    const known = this.#options.place.manifest(repository, digest);
    return orElse(known, () => this.#again(repository, named, digest, asker));
  }

  blob(
    repository: string,
    digest: ContentDigest,
    asker: Asker,
  ): ServedBlob | undefined | Promise<ServedBlob | undefined> {
    const named = this.#named(repository);
    if (named === undefined) return undefined;
    const { place } = this.#options;
    return orElse(place.blob(repository, digest), () => {
      const sizeBytes = place.blobSize(repository, digest);
      if (sizeBytes === undefined || !isDigest(digest)) return undefined;
      return this.#missing({ repository, named, digest: digest as Digest, sizeBytes }, asker);
    });
  }

  async #missing(
    {
      repository,
      named,
      digest,
      sizeBytes,
    }: Pick<Asked, 'repository' | 'named'> & { readonly digest: Digest; readonly sizeBytes: number },
    asker: Asker,
  ): Promise<ServedBlob | undefined> {
    const { place } = this.#options;
    for (const asked of await this.#releases(repository, named)) {
      const state = await this.#options.sources.state(asked.release);
      const found = await place.package({ digest, sizeBytes, sources: sourcesOf(asked, state) }, asker);
      if (found !== undefined) return found;
      const { images } = await this.compose(asked, state, [], asker);
      const blob = await place.blob(repository, digest);
      if (blob !== undefined) return blob;
      const blobs = images.flatMap(({ config, layers }) => [config, ...layers]);
      if (blobs.some((made) => made.digest === digest)) throw new ContentGone();
    }
    return undefined;
  }

  async tags(repository: string, asker: Asker): Promise<readonly string[] | undefined> {
    const named = this.#named(repository);
    if (named === undefined) return undefined;
    const asked = this.#asked(repository, named, '');
    const state = await this.#options.sources.state(asked.release);
    const { setTag, versionTag } = await this.compose(asked, state, ['latest'], asker);
    const { place, sources } = this.#options;
    const recorded = (await place.tags(repository, asker)) ?? [];
    const releases =
      named.release === '' ? [...sources.releasesOf(named.distro), ...state.releases] : [named.release];
    const versions = versionTag === undefined ? [] : [versionTag];
    return [...new Set([...recorded, ...releases, ...versions, setTag, 'latest'])].filter(isTag).sort();
  }

  /** @throws HttpError 404 for a name that is malformed, or of a distribution that is not served */
  #named(repository: string): NamedImage | undefined {
    const named = readImageName(repository);
    if (named === undefined) return undefined;
    if (typeof named === 'string') throw noSuch(named);
    const { distros } = this.#options.sources;
    if (distros.includes(named.distro)) return named;
    throw noSuch(`${named.distro} is not served here; served are ${distros.join(' and ')}`);
  }

  /** @throws HttpError 404 if the release is not served */
  #asked(repository: string, named: NamedImage, release: string): Asked {
    const { sources, settings } = this.#options;
    const word = release === '' ? named.release : release;
    const found = sources.find(named.distro, word, this.#knownReleases(named));
    if (found !== undefined)
      return {
        repository,
        named: { ...named, release: word },
        release: found,
        settings: settingsOf(settings, named),
      };
    const there = [...sources.releasesOf(named.distro), ...this.#knownReleases(named)];
    const list = there.length === 0 ? 'only its default release' : [...new Set(there)].join(', ');
    throw noSuch(`${named.distro} ${word} is not served here; served: ${list}`);
  }

  #knownReleases({ distro }: NamedImage): readonly string[] {
    const release = this.#options.sources.find(distro, '');
    return (release && this.#options.sources.peek(release)?.releases) ?? [];
  }

  #tagged(
    repository: string,
    named: NamedImage,
    tag: string,
    asker: Asker,
  ): ServedManifest | Promise<ServedManifest> {
    const read = readTag(named.distro, tag);
    if (read === undefined)
      throw noSuch(`${tag}: after __, expected the hexadecimal digits of UTF-8 characters`);
    const tagNow = () => this.#tagNow({ repository, named, tag, read }, asker);
    if (read.kind !== 'set') return tagNow();
    const last = this.#options.place.last(repository, tag);
    return orElse(last instanceof Promise ? last.then(this.#counted) : this.#counted(last), tagNow);
  }

  /** Returns the image that a tag has now. */
  #tagNow(
    { repository, named, tag, read }: Pick<Asked, 'repository' | 'named'> & { tag: string; read: NamedTag },
    asker: Asker,
  ): ServedManifest | Promise<ServedManifest> {
    if (read.kind === 'release' && named.release !== '' && named.release !== read.release) {
      const name = imageName({ ...named, release: read.release });
      throw noSuch(`${repository} is of ${named.release}; pull ${name} for ${read.release}`);
    }
    const asked = this.#asked(repository, named, read.kind === 'release' ? read.release : '');
    const state = this.#options.sources.peek(asked.release);
    const known =
      state && this.#options.place.tagged(repository, tag, identityOf(asked.settings, state.generation));
    return this.#counted(known) ?? this.#composeTag(asked, tag, read.kind, asker);
  }

  readonly #counted = (known: ServedManifest | undefined): ServedManifest | undefined => {
    if (known !== undefined) this.#options.known?.();
    return known;
  };

  async #composeTag(
    asked: Asked,
    tag: string,
    kind: 'latest' | 'release' | 'set' | 'version',
    asker: Asker,
  ): Promise<ServedManifest> {
    const { repository, named, settings, release } = asked;
    const state = await this.#options.sources.state(release);
    const { place } = this.#options;
    const known = place.tagged(repository, tag, identityOf(settings, state.generation));
    const hit = this.#counted(known);
    if (hit !== undefined) return hit;
    const isMoving = kind === 'latest' || kind === 'release';
    const { index, setTag, versionTag } = await this.compose(asked, state, isMoving ? [tag] : [], asker);
    if (isMoving || tag === setTag || tag === versionTag) return index;
    // As it was composed while this was the version.
    const last = await place.last(repository, tag);
    if (last !== undefined) return last;
    const [first = ''] = named.packages;
    const there = versionTag === undefined ? setTag : `${versionTag}, ${setTag}`;
    throw noSuch(
      kind === 'set'
        ? `${repository} has no tag ${tag}; the packages are now ${setTag}`
        : `${first} has no version ${tag} in ${[release.distro, release.release].join(' ').trim()}; tags are latest, ${there}`,
    );
  }

  /**
   * Composes an image and remembers it under the given tags, and those of its packages.
   * @throws HttpError 403 if the client may not have images composed; as composeImage
   */
  async compose(
    asked: Asked,
    state: ReleaseState,
    tags: readonly string[],
    asker: Asker,
  ): Promise<ComposedImage> {
    const { repository, named, release, settings } = asked;
    const { pool, sources, place } = this.#options;
    if (!asker.identity.may('compose', repository))
      throw new HttpError(
        403,
        'DENIED',
        `${repository} has not been composed yet, and you may not have it composed`,
      );
    this.#options.admit?.(asker);
    const image = await composeImage(pool, { named, release, state, settings }, asker);
    // Its indexes were read for it, or anew in the meantime.
    if (image.generation !== state.generation) await sources.renew(release).catch(() => undefined);
    const versions = image.versionTag === undefined ? [] : [image.versionTag];
    const record = {
      repository,
      tags: [...new Set([...tags, image.setTag, ...versions])],
      identity: identityOf(settings, image.generation),
      image,
    };
    await place.put(record, sourcesOf(asked, state), asker);
    return image;
  }

  /** Composes what a name stands for now, in case that is what a digest is of: it may have been asked of another server. */
  async #again(
    repository: string,
    named: NamedImage,
    digest: ContentDigest,
    asker: Asker,
  ): Promise<ServedManifest | undefined> {
    for (const asked of await this.#releases(repository, named)) {
      const state = await this.#options.sources.state(asked.release);
      const { index, images } = await this.compose(asked, state, [], asker);
      if ([index.digest, ...images.map(({ descriptor }) => descriptor.digest)].includes(digest as Digest))
        return await this.#options.place.manifest(repository, digest);
    }
    return undefined;
  }

  /** The releases that a name without a tag may mean: its own, or the default and those in the catalog. */
  async #releases(repository: string, named: NamedImage): Promise<readonly Asked[]> {
    const first = this.#asked(repository, named, '');
    if (named.release !== '') return [first];
    const { releases } = await this.#options.sources.state(first.release);
    return [first, ...releases.map((release) => this.#asked(repository, named, release))];
  }
}

/** Returns the sources of an image for each architecture. */
function sourcesOf(
  { release: { source } }: Asked,
  { architectures }: ReleaseState,
): readonly SourceOptions[] {
  return architectures.map(({ architecture }) => ({ ...source, architecture }));
}

function isTag(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text);
}
