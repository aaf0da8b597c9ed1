import type { AppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { DistroId } from '../../model/package.ts';
import type { ReadLayer } from '../../output/verify-layer.ts';
import type { ArchiveVerifier, VerifiedArchive } from './archive-verifier.ts';

/** A layer as far as it could be read, and as a package's archive. */
export interface ExaminedLayer {
  readonly index: number;
  readonly descriptor: Descriptor;
  /** Undefined if it is damaged, which is among the problems */
  readonly read: ReadLayer | undefined;
  /** The distribution's archive that is its blob, if there is one; only for a layer that could be read */
  readonly archive: VerifiedArchive | undefined;
  /** Why its blob, which looks like an archive, is not one of the distribution's */
  readonly refusal: AppError | undefined;
}

/** Opens the verifier of a distribution's archives, once for all callers. */
export type ArchiveVerifiers = (distro: DistroId) => Promise<ArchiveVerifier>;
