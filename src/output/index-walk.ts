import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Digest } from '../model/digest.ts';
import { append } from '../model/lists.ts';
import { isIndex, nameAnnotations } from './choose-image.ts';
import { parseDescriptors, parseObject } from './image-json.ts';

/** Multi-platform images are an index within index.json; nobody writes deeper ones. */
export const MAX_INDEX_DEPTH = 3;
/** A folder of images has an index for each image, and each of these is for tens of platforms. */
const MAX_INDEXES = 10_000;
/** Two levels of indexes that list each other a thousand times make a million images. */
const MAX_IMAGES = 100_000;
/** An index of a hundred platforms has 50 KiB. */
const MAX_INDEXES_BYTES = 256 * 1024 * 1024;

/** Images and indexes that a list of descriptors leads to. */
export interface WalkedIndex {
  /**
   * Manifests in order, those of inner indexes in place of the index; the annotations are those that name an image, inherited
   * from indexes
   */
  readonly images: readonly Descriptor[];
  /** Inner indexes, each once */
  readonly indexes: readonly Descriptor[];
}

/**
 * Lists the images that descriptors lead to, following inner indexes; each index is read once.
 * @param where names the place in errors
 * @throws AppError LIMIT (depth, indexes, images), BAD_ARCHIVE, and as `read`
 */
export async function walkIndexes(
  read: (descriptor: Descriptor) => Promise<Uint8Array>,
  descriptors: readonly Descriptor[],
  where: string,
): Promise<WalkedIndex> {
  const indexes = new Map<
    Digest,
    { readonly descriptor: Descriptor; readonly inner: readonly Descriptor[] }
  >();
  let sizeBytes = 0;
  let images = 0;
  const innerOf = async (descriptor: Descriptor): Promise<readonly Descriptor[]> => {
    const { digest, size } = descriptor;
    const known = indexes.get(digest);
    if (known !== undefined) return known.inner;
    sizeBytes += size;
    if (indexes.size >= MAX_INDEXES || sizeBytes > MAX_INDEXES_BYTES) {
      throw limit(where, `${MAX_INDEXES} indexes, of ${MAX_INDEXES_BYTES} bytes together`);
    }
    const what = `index ${digest}`;
    const inner = parseDescriptors(parseObject(await read(descriptor), what).manifests, `${what}: manifests`);
    indexes.set(digest, { descriptor, inner });
    return inner;
  };
  const flatten = async (level: readonly Descriptor[], depth: number): Promise<readonly Descriptor[]> => {
    const found: Descriptor[] = [];
    for (const descriptor of level) {
      if (!isIndex(descriptor)) {
        images += 1;
        if (images > MAX_IMAGES) throw limit(where, `${MAX_IMAGES} images`);
        found.push(descriptor);
        continue;
      }
      if (depth === MAX_INDEX_DEPTH) throw limit(where, `${MAX_INDEX_DEPTH} nested indexes`);
      const inner = await innerOf(descriptor);
      const inherited = nameAnnotations(descriptor);
      append(
        found,
        await flatten(
          inner.map((image) => ({ ...image, annotations: { ...inherited, ...nameAnnotations(image) } })),
          depth + 1,
        ),
      );
    }
    return found;
  };
  const walked = await flatten(descriptors, 0);
  return { images: walked, indexes: [...indexes.values()].map(({ descriptor }) => descriptor) };
}

function limit(where: string, atMost: string): AppError {
  return new AppError('LIMIT', `${where}: expected at most ${atMost}, got more`);
}
