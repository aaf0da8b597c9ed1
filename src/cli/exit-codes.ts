import type { ErrorCode } from '../model/app-error.ts';

/** Exit codes of expected failures; docs/cli.md shows this table. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  USAGE: 2,
  UNKNOWN_PACKAGE: 3,
  UNSATISFIABLE: 4,
  NETWORK: 5,
  NOT_FOUND: 6,
  INTEGRITY: 7,
  SIGNATURE: 8,
  UNTRUSTED_KEY: 9,
  BAD_ARCHIVE: 10,
  BAD_INDEX: 11,
  UNSUPPORTED: 12,
  LIMIT: 13,
  CONFLICT: 14,
  CATALOG: 15,
  STORAGE: 16,
  ENGINE: 17,
  AUTH: 18,
  SCRIPT: 19,
  CANCELLED: 130,
};

/** The command did its work. */
export const EXIT_OK = 0;
/** The command did its work and found damage: `cache verify` without `--repair`. */
export const EXIT_DAMAGED = 1;
/** The command did its work and the answer is no: `why` for a package that is not in the set, `search` without a match. */
export const EXIT_NO = 1;
/** sysexits(3) EX_UNAVAILABLE: this Node.js is too old. */
export const EXIT_NODE_TOO_OLD = 69;
/** sysexits(3) EX_SOFTWARE: a bug. */
export const EXIT_BUG = 70;
/** 128 + number of the signal, as shells report it. */
const EXIT_SIGINT = 130;
/** 128 + number of the signal. */
export const EXIT_SIGTERM = 143;

/** Meaning of each exit code, in the order of the table in docs/cli.md. */
export const EXIT_MEANINGS: readonly (readonly [exitCode: number, name: string, meaning: string])[] = [
  [EXIT_OK, '', 'done'],
  [
    EXIT_DAMAGED,
    '',
    '`cache verify` found damaged blobs and did not repair them (no `--repair`); `why`: the package is not in the set; `search` and `owns`: nothing was found; `diff`: the images differ; `vercmp`: the relation does not hold, or a version is not valid',
  ],
  [EXIT_CODES.USAGE, 'USAGE', 'the command line or the recipe is wrong'],
  [EXIT_CODES.UNKNOWN_PACKAGE, 'UNKNOWN_PACKAGE', 'no repository has a package of that name'],
  [EXIT_CODES.UNSATISFIABLE, 'UNSATISFIABLE', 'the packages cannot be installed together'],
  [EXIT_CODES.NETWORK, 'NETWORK', 'no mirror or registry answered; `index`: a cached index is used instead'],
  [EXIT_CODES.NOT_FOUND, 'NOT_FOUND', 'a file, index or blob was not found'],
  [EXIT_CODES.INTEGRITY, 'INTEGRITY', 'size or digest differ from the expected ones'],
  [EXIT_CODES.SIGNATURE, 'SIGNATURE', 'a signature is missing or wrong'],
  [EXIT_CODES.UNTRUSTED_KEY, 'UNTRUSTED_KEY', 'signed by a key that is not trusted, expired or revoked'],
  [EXIT_CODES.BAD_ARCHIVE, 'BAD_ARCHIVE', 'a package archive is damaged or malformed'],
  [EXIT_CODES.BAD_INDEX, 'BAD_INDEX', 'a repository index is damaged or malformed'],
  [EXIT_CODES.UNSUPPORTED, 'UNSUPPORTED', 'a format or feature that this version does not handle'],
  [EXIT_CODES.LIMIT, 'LIMIT', 'larger than a safety limit allows'],
  [
    EXIT_CODES.CONFLICT,
    'CONFLICT',
    'two packages contain the same file; `artifact`: something else exists at a file’s path',
  ],
  [EXIT_CODES.CATALOG, 'CATALOG', 'the catalog cannot be opened or is damaged'],
  [EXIT_CODES.STORAGE, 'STORAGE', 'the disk is full, read-only or not writable by this user'],
  [EXIT_CODES.ENGINE, 'ENGINE', 'docker or podman refused the image or does not answer'],
  [EXIT_CODES.AUTH, 'AUTH', 'a registry requires a login, rejects it, or denies permission'],
  [EXIT_CODES.SCRIPT, 'SCRIPT', 'a package script failed, where the package manager would fail too'],
  [EXIT_NODE_TOO_OLD, '', 'Node.js is older than 24'],
  [EXIT_BUG, '', 'a bug in pkgcompose; please report it'],
  [EXIT_SIGINT, 'CANCELLED', 'interrupted (Ctrl-C)'],
  [EXIT_SIGTERM, 'CANCELLED', 'terminated (SIGTERM)'],
];
