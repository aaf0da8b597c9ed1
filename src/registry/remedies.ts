/** Explanation of an error, for people. */
export interface Remedy {
  /** A sentence without its subject: `no such tag: 99` */
  readonly meaning: string;
  readonly hint?: string | undefined;
}

/** Repository and request, for messages. */
export interface RequestName {
  /** `registry.example/team/gcc` */
  readonly where: string;
  /** `GET manifests/latest` */
  readonly request: string;
}

const OPERATOR = 'Ask its operator to allow it.';
const DAMAGED = 'Check the local copy for damage: compose verify IMAGE';

/** Explanations by the codes of OCI distribution-spec 1.1, "Error Codes", if they say more than the status. */
const BY_CODE: Readonly<Record<string, Remedy>> = {
  NAME_UNKNOWN: { meaning: 'no such repository', hint: 'Check the name.' },
  NAME_INVALID: {
    meaning: 'this registry does not accept the repository name',
    hint: 'Put a project or user in front, as some registries require: REG/PROJECT/NAME.',
  },
  TAG_INVALID: { meaning: 'this registry does not accept the tag' },
  DIGEST_INVALID: { meaning: 'the registry received bytes that do not match the digest', hint: DAMAGED },
  SIZE_INVALID: {
    meaning: 'the registry received a different number of bytes than announced',
    hint: DAMAGED,
  },
  MANIFEST_INVALID: {
    meaning: 'this registry does not accept the manifest',
    hint: 'Check whether it accepts artifacts, zstd layers and annotations, which older registries reject; its own message is in parentheses.',
  },
  BLOB_UPLOAD_UNKNOWN: { meaning: 'the registry lost the upload', hint: 'Try again.' },
  BLOB_UPLOAD_INVALID: { meaning: 'the registry cannot continue the upload', hint: 'Try again.' },
};

const BY_STATUS: Readonly<Record<number, Remedy>> = {
  400: { meaning: 'the registry considers the request malformed' },
  401: { meaning: 'authentication required' },
  403: { meaning: 'access denied' },
  404: { meaning: 'not found' },
  405: { meaning: 'this registry does not support the operation', hint: OPERATOR },
  407: {
    meaning: 'the proxy requires a user name and password',
    hint: 'Set them in HTTP_PROXY and HTTPS_PROXY.',
  },
  410: { meaning: 'permanently removed' },
  413: {
    meaning: 'too large for this registry, or for a proxy in front of it',
    hint: 'Ask its operator to raise the limit on request size.',
  },
  429: {
    meaning: 'too many requests',
    hint: 'Wait a while, or log in: many registries then allow more.',
  },
  501: { meaning: 'this registry does not support the operation', hint: OPERATOR },
};

const FAILED: Remedy = {
  meaning: 'the registry failed',
  hint: "Try again later; the registry's log has the details.",
};
const STRANGE: Remedy = { meaning: 'the registry rejected the request' };

/** Explains an error response by its status, the first code in its body, and the request (`GET manifests/latest`). */
export function meaningOf(status: number, code: string, request: string): Remedy {
  const named = status >= 400 && status < 500 ? BY_CODE[code] : undefined;
  if (named !== undefined) return named;
  if (status === 404) return missing(request) ?? (BY_STATUS[404] as Remedy);
  return BY_STATUS[status] ?? (status >= 500 ? FAILED : STRANGE);
}

function missing(request: string): Remedy | undefined {
  const [, kind = '', name = ''] = /^\S+ (manifests|blobs|tags)\/([^\s?]*)/.exec(request) ?? [];
  if (kind === 'tags') return BY_CODE.NAME_UNKNOWN;
  if (kind === 'blobs') {
    return name.startsWith('uploads') ? BY_CODE.BLOB_UPLOAD_UNKNOWN : { meaning: 'no such blob' };
  }
  if (kind !== 'manifests') return undefined;
  return {
    meaning: name.includes(':') ? 'no such manifest' : `no such tag: ${name}`,
    hint: 'Check the name.',
  };
}

/**
 * Words an error: `registry.example/team/gcc: no such tag: 99 (GET manifests/99: HTTP 404 MANIFEST_UNKNOWN: manifest unknown)`.
 */
export function sentenceOf({ where, request }: RequestName, meaning: string, response: string): string {
  return `${where}: ${meaning} (${request}: ${response})`;
}
