import { type Change, difference } from '../../compose/difference.ts';
import type { PlannedLayer } from '../../compose/layers.ts';
import { relocateEntries } from '../../compose/relocate.ts';
import { type LayerEntries, stackTree } from '../../compose/stack-tree.ts';
import { Tree } from '../../compose/tree.ts';
import type { TreeRules } from '../../distros/install.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { FileEntries } from '../../model/file-entries.ts';
import { versionedName } from '../../model/package.ts';
import type { LayerEncoding } from '../../model/request.ts';
import { inflate } from '../archives/archive-contents.ts';
import { type Encoding, encodingOfGenerated, layerFormatOf } from '../archives/layer-format.ts';
import type { Context } from '../context.ts';
import { changesTar, storedBytes } from './changes-tar.ts';
import { derivationKey, derive, type EncodedTar, encodeIntoStore } from './derived-blobs.ts';

/** A layer's blob, in the cache or in `context.remote`. */
export interface LayerBlob extends EncodedTar {
  /** Why its bytes are not the distribution's own; undefined if they are. */
  readonly derivation: string | undefined;
}

/** Options of making layers. */
export interface LayerBlobOptions {
  readonly encoding: LayerEncoding;
  readonly rules: TreeRules;
  /** As in ComposeRequest */
  readonly prefix: string;
}

/** Returns the blob of a planned layer: the archive itself if it can be a layer unchanged, else a derived blob. */
export async function layerBlob(
  context: Context,
  layer: PlannedLayer,
  options: LayerBlobOptions,
): Promise<LayerBlob> {
  const facts = layer.packages.map((installed) => installed.facts);
  const [only] = facts;
  if (layer.kind === 'package' && only !== undefined && options.prefix !== '') {
    const reason = `relocated to /${options.prefix}`;
    return {
      ...(await merged(context, facts, { ...options, what: `${versionedName(only)} ${reason}` })),
      derivation: reason,
    };
  }
  if (layer.kind === 'package' && only !== undefined) {
    const { mediaType, derivation: reason } = layerFormatOf(only, options.encoding);
    if (reason === undefined) {
      const { digest, sizeBytes, diffId } = only;
      return { digest, sizeBytes, diffId, mediaType, derivation: undefined };
    }
    return only.layerProblem === undefined
      ? reencoded(context, only, { encoding: encodingOfGenerated(options.encoding), reason })
      : merged(context, facts, { ...options, what: `${versionedName(only)} repacked: ${only.layerProblem}` });
  }
  return merged(context, facts, {
    ...options,
    what: `bundle of ${facts.length} packages${options.prefix === '' ? '' : ` relocated to /${options.prefix}`}`,
  });
}

/** Returns the entries of a layer as an engine sees them. A merged layer omits the packages' root members. */
export function layerEntries(
  layer: PlannedLayer,
  options: Pick<LayerBlobOptions, 'rules' | 'prefix'>,
): LayerEntries {
  const facts = layer.packages.map((installed) => installed.facts);
  const whole = options.prefix === '' && layer.kind === 'package' && facts.every(isStackable);
  return whole ? { parts: facts } : mergedEntries(facts, options);
}

function isStackable(facts: ArchiveFacts): boolean {
  return facts.layerProblem === undefined;
}

function mergedEntries(
  facts: readonly ArchiveFacts[],
  { rules, prefix }: Pick<LayerBlobOptions, 'rules' | 'prefix'>,
): LayerEntries {
  return {
    parts: facts.map(({ digest, files }) =>
      prefix === ''
        ? { digest, files, omits: (entry) => rules.isMetadata(entry) }
        : {
            digest,
            files: FileEntries.of(
              relocateEntries(
                files.filter((file) => !rules.isMetadata(file)),
                prefix,
              ),
            ),
          },
    ),
  };
}

/** Makes the same tar with another encoding. */
async function reencoded(
  context: Context,
  facts: ArchiveFacts,
  { encoding, reason }: { encoding: Encoding; reason: string },
): Promise<LayerBlob> {
  const description = `${encoding === 'none' ? 'plain tar' : encoding} of ${versionedName(facts)}`;
  const key = derivationKey(['reencode', encoding, facts.digest]);
  const blob = await derive(context, { key, encoding, description }, async function* () {
    await context.remote?.ensureLocal({ digest: facts.digest, size: facts.sizeBytes });
    yield* inflate(storedBytes(context, facts));
  });
  return { ...blob, derivation: reason };
}

/** Makes one layer with the contents of several, without root members. */
async function merged(
  context: Context,
  facts: readonly ArchiveFacts[],
  options: LayerBlobOptions & { what: string },
): Promise<LayerBlob> {
  const encoding = encodingOfGenerated(options.encoding);
  const key = derivationKey(['merge', options.prefix, encoding, ...facts.map(({ digest }) => digest)]);
  const blob = await derive(context, { key, encoding, description: options.what }, () => {
    const changes = difference(new Tree(), stackTree([mergedEntries(facts, options)]));
    return changesTar(context, changes, { facts, time: 0 });
  });
  return { ...blob, derivation: options.what };
}

/** Makes the install layer, or the only layer: the changes that turn the stack into the target. */
export async function layerOfChanges(
  context: Context,
  changes: readonly Change[],
  options: { facts: readonly ArchiveFacts[]; encoding: LayerEncoding; time: number },
): Promise<LayerBlob> {
  const encoding = encodingOfGenerated(options.encoding);
  const blob = await encodeIntoStore(context, encoding, changesTar(context, changes, options));
  return { ...blob, derivation: 'generated' };
}

/** Returns a layer that is costly to make, from the cache if it was made before: `parts` and the encoding decide its bytes. */
export async function derivedLayer(
  context: Context,
  what: { parts: readonly string[]; encoding: LayerEncoding; what: string },
  make: () => AsyncIterable<Uint8Array>,
): Promise<LayerBlob> {
  const encoding = encodingOfGenerated(what.encoding);
  const key = derivationKey([encoding, ...what.parts]);
  return {
    ...(await derive(context, { key, encoding, description: what.what }, make)),
    derivation: what.what,
  };
}
