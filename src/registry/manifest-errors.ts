import { AppError } from '../model/app-error.ts';
import { fullName, type Reference } from '../model/reference.ts';
import { RegistryError, statusOf } from './registry-error.ts';

/** Error for a manifest that lists blobs which its repository lacks. */
export class MissingBlobsError extends AppError {
  /** Digests that the registry named */
  readonly missing: readonly string[];

  constructor(where: string, missing: readonly string[], cause: RegistryError) {
    const named = missing.length === 0 ? '' : `: ${missing.join(', ')}`;
    super(
      'NOT_FOUND',
      `${where}: the registry rejected the manifest, because blobs that it lists are not in this repository${named}`,
      {
        hint: 'Try again: the blobs were removed in the meantime, or the registry does not show recent uploads yet.',
        cause,
        details: { ...cause.details, missing },
      },
    );
    this.missing = missing;
  }
}

/**
 * Turns the error for a manifest that was rejected because of missing blobs into a MissingBlobsError; returns other
 * errors unchanged.
 */
export function explainMissing(error: unknown, where: string): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { errors = [] } = error.failure;
  const missing = errors.filter(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN');
  if (missing.length === 0) return error;
  const digests = missing.flatMap(
    ({ detail }) => JSON.stringify(detail ?? '').match(/sha256:[0-9a-f]{64}/g) ?? [],
  );
  return new MissingBlobsError(where, digests, error);
}

/**
 * Turns the error for a deletion that the registry does not allow (405, or 400 with a misleading code) into UNSUPPORTED; returns
 * other errors unchanged.
 */
export function explainDeletion(error: unknown, reference: Reference): unknown {
  const status = statusOf(error);
  if (!(error instanceof RegistryError) || (status !== 405 && status !== 400)) return error;
  const what = reference.digest === undefined ? 'tags' : 'manifests';
  return new AppError(
    'UNSUPPORTED',
    `${fullName(reference)}: this registry does not allow deleting ${what} (HTTP ${status})`,
    {
      hint:
        reference.digest === undefined
          ? 'Delete by digest (NAME@sha256:…); that removes all tags of the manifest.'
          : 'Ask its operator to allow it.',
      cause: error,
      details: error.details,
    },
  );
}
